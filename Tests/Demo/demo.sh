#!/bin/bash
# demo.sh BUILD: builds a small image, runs it in a pod, lists the pods, and removes all of it again.
# Uses the programs installed below BUILD/root and no directory outside BUILD.
set -euo pipefail
build=$1
demo=$build/demo
here=$(dirname "$0")
rkt=("$build/root/usr/bin/rkt" "--dir=$demo/data" "--system-config=$demo/system" "--local-config=$demo/local"
    --insecure-options=image)

clean() {
    if [ -d "$demo/data" ]; then
        timeout 60 "${rkt[@]}" gc --grace-period=0s --expire-prepared=0s >/dev/null 2>&1 || true
    fi
    rm -rf "$demo"
}
clean
trap clean EXIT

step() {
    echo
    echo "\$ ${*/#"$build"\/root\/usr\/bin\//}" | sed "s# --[a-z-]*=$demo/[a-z]*##g"
    timeout 60 "$@"
}

[ "$(uname -m)" = x86_64 ] && arch=amd64 || arch=$(uname -m)
mkdir -p "$demo"
applets=()
for applet in sh hostname id; do applets+=(--link "bin/$applet=bin/busybox"); done
"$build/bin/pack-image" --manifest "$here/manifest.json" --label "arch=$arch" \
    --add bin/busybox=/bin/busybox:0755 "${applets[@]}" --add "hello.sh=$here/hello.sh" \
    --mkdir dev --mkdir etc --mkdir proc --mkdir sys --mkdir tmp --output "$demo/hello.aci"

step "${rkt[@]}" fetch "$demo/hello.aci"
step "${rkt[@]}" run --net=none example.com/hello
step "${rkt[@]}" run --stage1-from-dir=stage1-fly.aci --net=host example.com/hello
step "${rkt[@]}" list
