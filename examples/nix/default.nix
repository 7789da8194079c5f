# SPDX-License-Identifier: MIT
# nix-build --arg goprobes ./path/to/goprobes
{ pkgs ? import <nixpkgs> { }
, goprobes # the source: a path, or what fetchgit gives
}:
let
  probes = pkgs.callPackage ./probes.nix { src = goprobes; };
in
pkgs.buildGoModule {
  pname = "greeter";
  version = "1.2.3";
  src = ./.;
  vendorHash = null;
  ldflags = [ "-s" "-w" "-X main.Version=1.2.3" ];
  nativeBuildInputs = [ probes ];

  # The last of all phases that change the program: strip has run before.
  postFixup = pkgs.lib.optionalString pkgs.stdenv.hostPlatform.isx86_64 ''
    probes inject --strict $out/bin/greeter
    probes verify $out/bin/greeter
  '';
}
