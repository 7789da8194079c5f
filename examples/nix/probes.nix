# SPDX-License-Identifier: MIT
# The command `probes`, without the tracers; src is the source of goprobes.
{ stdenv, src, elfutils, zydis, libyaml, cjson, libmd, zlib, zstd }:
stdenv.mkDerivation {
  pname = "probes";
  version = "0.1.0";
  inherit src;
  buildInputs = [ elfutils zydis libyaml cjson libmd zlib zstd ];
  configureFlags = [ "--without-bpf" ];
  enableParallelBuilding = true;
}
