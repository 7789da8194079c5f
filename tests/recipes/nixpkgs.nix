# SPDX-License-Identifier: MIT
# A stand-in for nixpkgs, for tests/recipes/by-hand: what the recipe uses of it, with the tools
# and libraries of the machine. The phases are those of nixpkgs in their order, strip included.
let
  words = builtins.concatStringsSep " ";
  mkDerivation = { pname, version, src, build ? "", configureFlags ? [ ], postFixup ? "", ... }@given:
    derivation {
      name = "${pname}-${version}";
      system = "x86_64-linux";
      builder = "/bin/bash";
      inherit src;
      PATH = builtins.concatStringsSep ":" (map (p: "${p}/bin") (given.nativeBuildInputs or [ ])
        ++ [ "/usr/local/go/bin" "/usr/local/bin" "/usr/sbin" "/usr/bin" "/sbin" "/bin" ]);
      args = [ "-euc" ''
        export HOME=$TMPDIR
        cp -r $src source
        chmod -R u+w source
        cd source
        ${if build != "" then build else ''
          ./configure --prefix=$out ${words configureFlags}
          make -s install
        ''}
        find $out/bin -type f -exec strip {} +
        ${postFixup}
      '' ];
    };
  buildGoModule = { ldflags, ... }@given: mkDerivation (given // {
    build = ''
      export GOPATH=$TMPDIR/go GOFLAGS=-trimpath CGO_ENABLED=0 GOTOOLCHAIN=local
      go install -ldflags='${words ldflags} -buildid=' .
      mkdir $out
      cp -r $GOPATH/bin $out
    '';
  });
  # Libraries are those of the machine.
  library = "";
in
rec {
  inherit mkDerivation buildGoModule;
  stdenv = { inherit mkDerivation; hostPlatform.isx86_64 = true; };
  lib.optionalString = condition: text: if condition then text else "";
  elfutils = library;
  zydis = library;
  libyaml = library;
  cjson = library;
  libmd = library;
  zlib = library;
  zstd = library;
  callPackage = file: given:
    let package = import file;
    in package (builtins.intersectAttrs (builtins.functionArgs package)
      { inherit stdenv elfutils zydis libyaml cjson libmd zlib zstd; } // given);
}
