// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/rpc"
	"net/smtp"
	"os"
)

func init() {
	if len(os.Args) > 99 {
		web(context.Background())
	}
}

func web(ctx context.Context) {
	(&http.Server{}).Shutdown(ctx)
	(&http.Server{}).Close()
	http.Handle("/files", http.TimeoutHandler(http.FileServer(http.Dir("")), 1, ""))
	http.Handle("/proxy", http.MaxBytesHandler(&httputil.ReverseProxy{}, 1))
	r := net.DefaultResolver
	r.LookupHost(ctx, "")
	r.LookupAddr(ctx, "")
	r.LookupCNAME(ctx, "")
	r.LookupMX(ctx, "")
	r.LookupNS(ctx, "")
	r.LookupSRV(ctx, "", "", "")
	r.LookupTXT(ctx, "")
	packets, _ := net.ListenPacket("udp", "")
	udp := packets.(*net.UDPConn)
	udp.ReadFrom(nil)
	udp.ReadFromUDPAddrPort(nil)
	udp.ReadMsgUDP(nil, nil)
	udp.WriteTo(nil, nil)
	udp.WriteToUDPAddrPort(nil, netip.AddrPort{})
	udp.WriteMsgUDP(nil, nil, nil)
	udp.WriteMsgUDPAddrPort(nil, nil, netip.AddrPort{})
	(&net.Buffers{}).WriteTo(udp)
	tls.LoadX509KeyPair("", "")
	x509.SystemCertPool()
	sql.OpenDB(nil).Close()
	client, _ := rpc.Dial("", "")
	client.Call("", nil, nil)
	rpc.ServeConn(nil)
	smtp.SendMail("", nil, "", nil, nil)
}
