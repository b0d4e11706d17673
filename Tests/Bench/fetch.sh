# fetch.sh, part of bench.sh: images from a registry and signed images, beside skopeo, umoci, podman and gpg.
# shellcheck shell=bash

# podman keeps locks and state there; this mount namespace is ours.
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
# skopeo keeps its cache below this in place of /var/lib/containers.
export _CONTAINERS_ROOTLESS_UID=1 XDG_DATA_HOME=$bench/share XDG_RUNTIME_DIR=$bench/share

say "building the image of the registry: 10 layers, 600 MB"
mkdir -p "$bench/registry" "$bench/layers" "$bench/out" "$bench/gnupg" "$bench/etc" "$bench/share"
chmod 700 "$bench/gnupg"
content | head -c 600000000 | split -b 27500 -a 5 -d - "$bench/layers/f"
umoci init --layout "$bench/oci" >/dev/null
umoci new --image "$bench/oci:bench" >/dev/null
for layer in {0..9}; do
    mkdir -p "$bench/layer/data/$layer"
    (cd "$bench/layers" && printf '%s\n' * | sed -n 1,2182p | xargs mv -t "$bench/layer/data/$layer")
    if [ "$layer" = 0 ]; then
        mkdir -p "$bench/layer/"{bin,dev,etc,proc,sys,tmp}
        cp /bin/busybox "$bench/layer/bin/busybox"
        ln -s busybox "$bench/layer/bin/true"
    fi
    tar -C "$bench/layer" --sort=name --owner=0 --group=0 --mtime=@1500000000 -cf "$bench/layer.tar" .
    umoci raw add-layer --image "$bench/oci:bench" "$bench/layer.tar" >/dev/null 2>&1
    rm -rf "$bench/layer" "$bench/layer.tar"
done
umoci config --image "$bench/oci:bench" --config.cmd /bin/true >/dev/null
rm -rf "$bench/layers"

cat >"$bench/registry.yml" <<END
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: $bench/registry}}
http: {addr: "127.0.0.1:0"}
END
timeout 7200 docker-registry serve "$bench/registry.yml" >"$bench/registry.log" 2>&1 &
registry=$!
port=
for _ in {1..200}; do
    port=$(sed -n 's/.*listening on [^:]*:\([0-9]*\).*/\1/p' "$bench/registry.log" | head -1)
    [ -z "$port" ] || break
    sleep 0.05
done
skopeo --insecure-policy copy --quiet --dest-tls-verify=false --format v2s2 \
    "oci:$bench/oci:bench" "docker://localhost:$port/bench:latest"
rm -rf "$bench/oci"

say "signing the large image"
export GNUPGHOME=$bench/gnupg
gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase "" --quick-gen-key bench ed25519 sign never 2>/dev/null
gpg --batch --quiet --no-tty --armor --export >"$bench/key.asc"
gpg --batch --quiet --no-tty --armor --output "$bench/large.aci.asc" --detach-sign "$bench/large.aci"
gpgconf --kill gpg-agent

trusting="$build/root/usr/bin/rkt --dir=$bench/out/store --system-config=$bench/none --local-config=$bench/etc"
$trusting trust --root --skip-fingerprint-review "$bench/key.asc" >/dev/null
pulling="$trusting --insecure-options=image,http,tls"
podman="podman --root $bench/out/podman --runroot $bench/out/podman-run --cgroup-manager=cgroupfs --storage-driver=overlay"
image=localhost:$port/bench:latest
cat >"$bench/again" <<END
#!/bin/bash
umount $bench/out/podman/overlay 2>/dev/null
exec $bench/fresh $bench/out
END
cat >"$bench/skopeo-umoci" <<END
#!/bin/bash
skopeo --insecure-policy copy --quiet --src-tls-verify=false docker://$image oci:$bench/out/oci:bench &&
    umoci unpack --image $bench/out/oci:bench $bench/out/bundle >/dev/null
END
cat >"$bench/podman-pull" <<END
#!/bin/bash
unset _CONTAINERS_ROOTLESS_UID
exec $podman pull --quiet --tls-verify=false docker://$image
END
cat >"$bench/fetch-render" <<END
#!/bin/bash
id=\$($pulling fetch docker://$image) && $pulling image render \$id $bench/out/rendered
END
cat >"$bench/verify-unpack" <<END
#!/bin/bash
mkdir $bench/out/tree
gpg --batch --quiet --no-tty --no-autostart --verify $bench/large.aci.asc $bench/large.aci 2>/dev/null &&
    gzip -dc $bench/large.aci | tee >(sha512sum >/dev/null) | tar -x -C $bench/out/tree
END
chmod +x "$bench/"{again,skopeo-umoci,podman-pull,fetch-render,verify-unpack}

measure pull --warmup 1 --runs 5 --prepare "$bench/again" \
    "$bench/skopeo-umoci" "$bench/podman-pull" "$pulling fetch docker://$image"
measure together --runs 5 --prepare "$bench/again" "$bench/skopeo-umoci" "$bench/fetch-render"
measure signed --warmup 1 --runs 5 --prepare "$bench/again" "$bench/verify-unpack" "$trusting fetch $bench/large.aci"

# peak COMMAND...: the most memory that it or one of its processes had.
peak() {
    "$bench/again"
    "$here/../Servers/memory.py" "$bench/memory" "$@" >/dev/null 2>&1
    awk '{ printf "%.0f MiB", $1 / 1024 }' "$bench/memory"
}
seconds() { awk -v milliseconds="$1" 'BEGIN { printf "%.1f s", milliseconds / 1000 }'; }
# pair CASE MEASUREMENT OUR-LINE PEER-LINE AIM OUR-PEAK PEER PEER-PEAK: a row.
pair() {
    row "$1" "$(seconds "$(median "$2" "$3")"), $6" "$7: $(seconds "$(median "$2" "$4")"), $8" \
        "$(ratio "$(median "$2" "$3")" "$(median "$2" "$4")")" "$5, ≤ 128 MiB"
}
say "measuring: peak memory"
ours=$(peak $pulling fetch "docker://$image")
copied=$(peak "$bench/skopeo-umoci")
{
    pair "\`fetch docker://…\`, 10 layers, 600 MB" pull 3 1 "≤ 0.6" "$ours" "skopeo copy, umoci unpack" "$copied"
    pair "the same" pull 3 2 "≤ 0.8" "$ours" "podman pull" "$(peak "$bench/podman-pull")"
    pair "\`fetch docker://…\` and \`image render\`" together 2 1 "≤ 0.7" "$(peak "$bench/fetch-render")" \
        "skopeo copy, umoci unpack" "$copied"
    pair "\`fetch\`, signed, gzip, 550 MB" signed 2 1 "≤ 1.2" "$(peak $trusting fetch "$bench/large.aci")" \
        "gpg --verify, gzip, sha512sum, tar" "$(peak "$bench/verify-unpack")"
} >"$bench/fetch-rows"
"$bench/again"
