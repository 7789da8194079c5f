/* SPDX-License-Identifier: MIT */
/*
 * gotlssnoop - Prints each TLS handshake of a Go program, on the client's and server's side.
 *
 * USAGE: gotlssnoop [-e] [-m MS] [-d SECONDS] FILE | -p PID
 *
 * A line comes when the handshake is done: the side, the name of the server, the version, the
 * cipher suite, the protocol chosen by ALPN, whether an earlier session was resumed (r), the
 * time, and why it failed: the error's text where it is known, and the alert that was sent.
 *
 * PROBES: crypto_tls:handshake_start and _end; flush for what was negotiated; client_hello and
 * client_hello_received for names; alert_sent.
 *
 * EXAMPLE: gotlssnoop -e ./shop       handshakes that fail
 */
#include <stdio.h>

#include "bpf-scripts/common.h"
#include "bpf-scripts/gotlssnoop.h"
#include "bpf-scripts/gotlssnoop.skel.h"

static const struct front_probe probes[] = {
	{ "handshake_start", "crypto_tls", "handshake_start", NEED, 0, 0 },
	{ "client_hello", "crypto_tls", "client_hello_received", EXTRA, 0, 0 },
	{ "client_hello", "crypto_tls", "client_hello", EXTRA, 0, 0 },
	{ "flush", "crypto_tls", "flush", EXTRA, 0, 0 },
	{ "alert_sent", "crypto_tls", "alert_sent", EXTRA, 0, 0 },
	{ "handshake_end", "crypto_tls", "handshake_end", NEED, 0, 0 },
	{ 0 },
};

static const struct front_option options[] = {
	{ 'e', OPTION_FLAG, NULL, "only handshakes that failed", FLAG_ERRORS },
	{ 'm', OPTION_MIN_MS, "MS", "handshakes that took at least so long", 0 },
	{ 0 },
};

/* Names by number as IANA lists them. */
struct named {
	unsigned number;
	const char *name;
};

static const struct named versions[] = {
	{ 0x0301, "1.0" }, { 0x0302, "1.1" }, { 0x0303, "1.2" }, { 0x0304, "1.3" }, { 0, NULL },
};

static const struct named ciphers[] = {
	{ 0x1301, "AES_128_GCM" },
	{ 0x1302, "AES_256_GCM" },
	{ 0x1303, "CHACHA20_POLY1305" },
	{ 0xc02b, "ECDHE_ECDSA_AES_128_GCM" },
	{ 0xc02c, "ECDHE_ECDSA_AES_256_GCM" },
	{ 0xc02f, "ECDHE_RSA_AES_128_GCM" },
	{ 0xc030, "ECDHE_RSA_AES_256_GCM" },
	{ 0xcca8, "ECDHE_RSA_CHACHA20_POLY1305" },
	{ 0xcca9, "ECDHE_ECDSA_CHACHA20_POLY1305" },
	{ 0xc013, "ECDHE_RSA_AES_128_CBC" },
	{ 0xc014, "ECDHE_RSA_AES_256_CBC" },
	{ 0x009c, "RSA_AES_128_GCM" },
	{ 0x009d, "RSA_AES_256_GCM" },
	{ 0, NULL },
};

static const struct named alerts[] = {
	{ 10, "unexpected_message" }, { 20, "bad_record_mac" }, { 22, "record_overflow" },
	{ 40, "handshake_failure" }, { 42, "bad_certificate" },
	{ 43, "unsupported_certificate" }, { 44, "certificate_revoked" },
	{ 45, "certificate_expired" }, { 46, "certificate_unknown" },
	{ 47, "illegal_parameter" }, { 48, "unknown_ca" }, { 50, "decode_error" },
	{ 51, "decrypt_error" }, { 70, "protocol_version" }, { 71, "insufficient_security" },
	{ 80, "internal_error" }, { 86, "inappropriate_fallback" }, { 90, "user_canceled" },
	{ 109, "missing_extension" }, { 112, "unrecognized_name" },
	{ 116, "certificate_required" }, { 120, "no_application_protocol" }, { 0, NULL },
};

static const char *name_of(const struct named *list, __u64 number)
{
	static char other[24];

	if (!number)
		return "-";
	for (; list->name; list++)
		if (list->number == number)
			return list->name;
	snprintf(other, sizeof(other), "0x%llx", number);
	return other;
}

static void print(struct run *run, const void *data)
{
	const struct handshake *h = data;

	print_head(run, &h->head);
	printf("%-6s ", h->head.kind ? "client" : "server");
	printf("%-3s %-23s ", name_of(versions, h->version), name_of(ciphers, h->cipher));
	PRINT_PADDED(h->alpn, 8);
	printf("%c %10.3f ", h->resumed ? 'r' : '-', (double)h->duration / 1e6);
	if (h->sni.len)
		PRINT_TEXT(h->sni);
	else
		putchar('-');
	if (h->failed) {
		PRINT_ERROR(h->error);
		if (h->alert < 256)
			printf("; sent alert %llu %s", (unsigned long long)h->alert,
			       name_of(alerts, h->alert));
	}
	putchar('\n');
}

static const struct front front = {
	.name = "gotlssnoop",
	.purpose = "prints each TLS handshake of a Go program",
	.watching = "TLS handshakes",
	.elf = gotlssnoop__elf_bytes,
	.probes = probes,
	.options = options,
	.columns = HEAD_COLUMNS "SIDE   TLS CIPHER                  ALPN     R         MS "
			   "SERVER NAME",
	.print = print,
};

int main(int argc, char **argv)
{
	return front_main(&front, argc, argv);
}
