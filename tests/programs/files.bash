# SPDX-License-Identifier: MIT
# work_NAME BINARY: real work on files; see work.bash.
# shellcheck shell=bash disable=SC2154

make_tree() { # make_tree DIR: 240 files of text and noise, the same each time
	mkdir -p "$1/a" "$1/b/c"
	python3 - "$1" <<-'EOF'
		import random, sys
		rng = random.Random(42)
		for i in range(1, 201):
		    with open(f"{sys.argv[1]}/a/text-{i}", "w") as file:
		        file.write("".join(f"line {j} of text {i}\n" for j in range(i % 37 + 1)))
		for i in range(40):
		    folder = "b" if i < 20 else "b/c"
		    with open(f"{sys.argv[1]}/{folder}/noise-{i}", "wb") as file:
		        file.write(rng.randbytes(rng.randrange(1, 200000)))
	EOF
}

work_hugo() {
	local i
	"$1" new site site >/dev/null
	cd site
	mkdir -p layouts/_default assets content/posts
	echo '<html><title>{{ .Title }}</title>{{ .Content }}{{ range .Pages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}</html>' |
		tee layouts/_default/list.html >layouts/_default/single.html
	for i in $(seq 60); do
		printf -- '---\ntitle: Post %s\ndate: 2020-01-%02d\ntags: [t%s]\n---\n# Head\n\n*Text* of `%s`\n\n| a | b |\n|---|---|\n| 1 | %s |\n\n```go\nfunc main() { println(%s) }\n```\n' \
			"$i" $((i % 28 + 1)) $((i % 5)) "$i" "$i" "$i" >"content/posts/post-$i.md"
	done
	"$1" --minify --quiet
	digest_tree public
}

work_rclone() {
	local port
	export RCLONE_CONFIG=$PWD/rclone.conf
	touch rclone.conf
	"$1" hashsum sha256 "$TREE" | sort -k2
	"$1" hashsum quickxor "$TREE" | sort -k2 | sha256sum
	"$1" sync "$TREE" copy
	digest_tree copy | sha256sum
	"$1" check "$TREE" copy 2>&1 | grep -o 'matching files'
	port=$(free_port)
	background rclone "$1" serve http "$TREE" --addr "127.0.0.1:$port"
	wait_for 20 answers "http://127.0.0.1:$port/"
	"$1" lsl ":http:" --http-url "http://127.0.0.1:$port" | awk '{print $1, $4}' | sort -k2
	"$1" copy ":http:b" served --http-url "http://127.0.0.1:$port"
	digest_tree served | sha256sum
}

work_restic() {
	export RESTIC_REPOSITORY=$PWD/repository RESTIC_PASSWORD=secret
	"$1" init >/dev/null
	"$1" backup --quiet "$TREE"
	cp -r "$TREE" changed && echo more >>changed/a/text-1
	"$1" backup --quiet changed
	"$1" check | tail -1
	"$1" restore latest --target restored >/dev/null
	diff -r restored/changed changed && echo "restored the second"
	"$1" snapshots --json | grep -o '"tree":"[^"]*"' | wc -l
	"$1" find text-100 2>/dev/null | grep -c text-100
	"$1" forget --keep-last 1 --group-by '' --prune >/dev/null
	"$1" check --read-data | tail -1
}

work_gocryptfs() {
	mkdir cipher
	echo secret >password
	"$1" -q -init -scryptn 10 -passfile password cipher
	"$1" -info cipher | grep -E 'ScryptObject|EncryptedKey: *64B|FeatureFlags'
	[ -e /dev/fuse ] && [ "$(id -u)" = 0 ] || return 0
	export PATH=$x/fuse3/bin:$PATH
	mkdir plain
	background gocryptfs "$1" -fg -passfile password cipher plain
	wait_for 10 mountpoint -q plain
	cp -r "$TREE" plain/tree
	diff -r plain/tree "$TREE" && echo "reads back"
	digest_tree plain | sha256sum
	fusermount -u plain
	wait "$PID" && find cipher -type f | wc -l
	"$1" -fsck -q -passfile password cipher && echo "fsck is content"
}

work_kubectl() {
	"$1" create deployment web --image=web:1 --replicas=3 --dry-run=client -o yaml
	"$1" create configmap tree --from-file="$TREE/a" --dry-run=client -o yaml | sha256sum
	"$1" create secret generic s --from-literal=a=b --dry-run=client -o json
	mkdir k
	"$1" create deployment web --image=web:1 --dry-run=client -o yaml >k/web.yaml
	printf 'resources: [web.yaml]\nnamePrefix: new-\ncommonLabels: {team: x}\n' >k/kustomization.yaml
	"$1" kustomize k
	"$1" completion bash | sha256sum
	"$1" config set-cluster here --kubeconfig=config --server=http://127.0.0.1:1
	"$1" config view --kubeconfig=config
}

work_gh() {
	export GH_CONFIG_DIR=$PWD/settings GH_NO_UPDATE_NOTIFIER=1
	"$1" completion -s bash | sha256sum
	"$1" config set editor ed
	"$1" config get editor
	"$1" alias set st 'repo view'
	"$1" alias list
	"$1" help reference | sha256sum
	"$1" --version
	! "$1" repo view 2>&1
}

work_minify() {
	cat >page.html <<-'EOF'
		<!doctype html><html><head><title>  A   page </title><style> a { color : #ff0000 ; } </style>
		<script> function f ( x ) { return x + 1 ; } </script></head>
		<body> <!-- gone --> <p>  Some <b> bold </b> text </p> </body></html>
	EOF
	"$1" page.html
	echo '{ "a" : [ 1 , 2 ] , "b" : { } }' | "$1" --type=json
	cp -r "$TREE/a" texts
	(cd texts && for f in text-1*; do mv "$f" "$f.css"; done)
	"$1" -r -o out/ --match='\.html$' page.html texts 2>/dev/null
	digest_tree out
}

work_fzf() {
	seq 20000 | "$1" -f 777
	find "$TREE" -type f -printf '%P\n' | sort | "$1" -f 'noise 3' --no-sort
	find "$TREE" -type f -printf '%P\n' | sort | "$1" -f '^a txt1 !9'
}

work_gron() {
	python3 -c 'import json
print(json.dumps({"list": [{"n": i, "s": "é\n" * (i % 3)} for i in range(500)], "t": True}))' >in.json
	"$1" in.json
	"$1" in.json | "$1" --ungron | python3 -c 'import json, sys
print(json.load(sys.stdin) == json.load(open("in.json")))'
	echo '{"a": [1, {"b": null}]}' | "$1" --stream
}

work_age() {
	local key recipient
	key=$x/age/usr/bin/age-keygen
	"$key" -o key 2>/dev/null
	recipient=$("$key" -y key)
	tar -C "$TREE" --sort=name --mtime=@0 --owner=0 --group=0 -cf tree.tar .
	"$1" -r "$recipient" -o tree.age tree.tar
	"$1" -d -i key tree.age | cmp - tree.tar && echo "same tree"
	"$1" -a -r "$recipient" tree.tar | sed -n 1p
	! "$1" -d -i <("$key" 2>/dev/null) tree.age 2>&1
}

work_age_keygen() {
	local i
	for i in $(seq 20); do
		"$1" -o "key-$i" 2>"said-$i"
		[ "$(sed 's/.*: //' "said-$i")" = "$("$1" -y "key-$i")" ] && echo "key $i"
	done
}

work_gofmt() {
	local src
	src=$(cd / && go env GOROOT)/src
	mkdir sources-a
	cp -r "$src/net/http" "$src/go/ast" sources-a
	sed -i 's/^\t/  /' sources-a/*/*.go
	"$1" -l sources-a
	"$1" -w sources-a
	digest_tree sources-a
	"$1" -s -d -r 'a[b:len(a)] -> a[b:]' "$src/strings" "$src/sort" | head -50
}

work_compile() {
	python3 - >p.go <<-'EOF'
		print("package p\n")
		for i in range(300):
		    print(f"""type T{i} struct{{ a, b int; s string; m map[string]int }}
		func (t *T{i}) Do(x []int, f func(int) error) (n int, err error) {{
		    defer func() {{ if r := recover(); r != nil {{ n = {i} }} }}()
		    for j, v := range x {{ n += v*j; if err = f(v); err != nil {{ return n, err }} }}
		    t.m[t.s] += n
		    return n + len(t.s), nil
		}}""")
	EOF
	"$1" -p p -o p.o p.go
	sha256sum <p.o
	"$1" -p p -S -o p2.o p.go | sha256sum
	! "$1" -p p -o q.o <(echo 'package p; func f() int { return "x" }') 2>&1 | sed 's/.*: //'
}

work_nncp_hash() {
	local file
	for file in "$TREE"/b/* "$TREE"/a/text-1*; do
		[ -d "$file" ] || "$1" -file "$file"
	done
}
