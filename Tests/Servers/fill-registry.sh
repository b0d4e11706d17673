#!/bin/bash
# fill-registry.sh TARGET BUSYBOX [DEBIAN]: makes the images of the tests; TARGET becomes the storage of a registry that has
# them, with the same images as files in TARGET/files. DEBIAN is an image archive of a whole system. Needs root, umoci,
# skopeo and docker-registry; run it below 'unshare --net'.
set -euo pipefail
target=$1 busybox=$2 debian=${3:-}
work=$(mktemp -d "$target.work-XXXXXX")
storage=$work/storage
registry=
mkdir -p "$storage/files" "$work/share"
clean() {
    [ -z "$registry" ] || { kill "$registry"; wait "$registry" || true; }
    rm -rf "$work"
}
trap clean EXIT
cd "$work"
# skopeo keeps its cache below this in place of /var/lib/containers.
export _CONTAINERS_ROOTLESS_UID=1 XDG_DATA_HOME=$work/share XDG_RUNTIME_DIR=$work/share

python3 - <<'PYTHON'
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41) + bytes(24))
PYTHON
cat >config.yml <<YAML
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $storage}}
http: {addr: "127.0.0.1:5000"}
YAML
timeout 600 docker-registry serve config.yml >registry.log 2>&1 &
registry=$!
python3 - <<'PYTHON'
import socket, time
for _ in range(1000):
    try:
        socket.create_connection(("127.0.0.1", 5000)).close()
        break
    except OSError:
        time.sleep(0.01)
PYTHON

# tree DIRECTORY ARCHITECTURE: a root file system of busybox.
tree() {
    mkdir -p "$1"/{bin,etc,tmp,proc,sys,dev}
    cp "$busybox" "$1/bin/busybox"
    chmod 755 "$1/bin/busybox"
    for name in sh cat echo ls id sleep env test; do ln -s busybox "$1/bin/$name"; done
    echo "root:x:0:0:root:/root:/bin/sh" >"$1/etc/passwd"
    echo "$2" >"$1/etc/architecture"
    chmod 1777 "$1/tmp"
}
# push LAYOUT:TAG NAME OPTION...
push() {
    local from=$1 to=$2
    shift 2
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false "$@" "oci:$from" "docker://localhost:5000/$to"
}

umoci init --layout images
for architecture in amd64 arm64 386; do
    tree "tree-$architecture" "$architecture"
    umoci new --image "images:$architecture"
    umoci insert --image "images:$architecture" "tree-$architecture" /
    umoci config --image "images:$architecture" --architecture "$architecture" --os linux \
        --config.cmd /bin/sh --config.cmd -c --config.cmd "cat /etc/architecture" \
        --config.env PATH=/bin --config.env KIND=busybox --author tests
done
# First: skopeo takes gzip blobs that are there already in place of making others.
push images:amd64 busybox:zstd --format oci --dest-compress-format zstd
push images:amd64 busybox:latest --format v2s2
push images:amd64 busybox:1.35 --format v2s2
push images:amd64 busybox:oci --format oci

# Three layers above it: what is hidden, replaced and linked.
mkdir -p two/data two/opaque/deep two/gone three/data three/opaque four/data
for name in a b c; do echo "two $name" >"two/data/$name"; done
echo old >two/opaque/x
echo old >two/opaque/deep/y
echo gone >two/gone/file
ln two/data/a two/data/link
echo "three c" >three/data/c
touch three/data/.wh.b three/.wh.gone three/opaque/.wh..wh..opq
echo new >three/opaque/z
ln -s ../data/a three/opaque/symlink
echo four >four/data/d
umoci tag --image images:amd64 layers
for layer in two three four; do
    tar --owner=0 --group=0 --sort=name --mtime=@1500000000 -C "$layer" -cf "$layer.tar" .
    umoci raw add-layer --image images:layers "$layer.tar"
done
umoci config --image images:layers --clear config.cmd --config.entrypoint /bin/sh --config.entrypoint -c \
    --config.cmd 'echo "$KIND $EXTRA"; ls /data' --config.env EXTRA=more --config.user 65534:65534 \
    --config.workingdir /data --config.exposedports 6379/tcp --config.volume /data/state --config.label a=b
push images:layers layers:zstd --format oci --dest-compress-format zstd
push images:layers layers:latest --format v2s2
push images:layers layers:oci --format oci

for architecture in amd64 arm64 386; do
    push "images:$architecture" "multi:$architecture-oci" --format oci
    push "images:$architecture" "multi:$architecture-v2s2" --format v2s2
done
python3 - <<'PYTHON'
import json, urllib.request
url = "http://localhost:5000/v2/multi/manifests/"
oci, docker = "application/vnd.oci.image.", "application/vnd.docker.distribution."
kinds = {"oci": (oci + "index.v1+json", oci + "manifest.v1+json"),
         "v2s2": (docker + "manifest.list.v2+json", docker + "manifest.v2+json")}
for kind, (index, manifest) in kinds.items():
    entries = []
    for architecture in ("arm64", "amd64", "386"):
        request = urllib.request.Request(url + f"{architecture}-{kind}", headers={"Accept": manifest})
        with urllib.request.urlopen(request) as answer:
            entries.append({"mediaType": manifest, "size": len(answer.read()),
                            "digest": answer.headers["Docker-Content-Digest"],
                            "platform": {"os": "linux", "architecture": architecture}})
    body = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": entries}).encode()
    for tag in ("list" if kind == "v2s2" else "index", "latest"):
        urllib.request.urlopen(urllib.request.Request(
            url + tag, data=body, method="PUT", headers={"Content-Type": index}))
PYTHON

if [ -n "$debian" ]; then
    mkdir debian
    tar -C debian -xf "$debian" --numeric-owner --xattrs
    umoci new --image images:debian
    umoci insert --image images:debian debian/rootfs /
    umoci config --image images:debian --architecture amd64 --os linux --config.cmd /bin/bash \
        --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    push images:debian debian:12 --format v2s2
fi

# The same images as files.
skopeo --insecure-policy copy --quiet oci:images:layers "oci:$storage/files/layout:latest"
skopeo --insecure-policy copy --quiet oci:images:amd64 "oci:$storage/files/layout:busybox"
skopeo --insecure-policy copy --quiet oci:images:layers "oci-archive:$storage/files/layers-oci.tar:latest"
skopeo --insecure-policy copy --quiet oci:images:layers "docker-archive:$storage/files/layers-docker.tar:layers:latest"
skopeo --insecure-policy copy --quiet oci:images:amd64 "oci:$storage/files/busybox-oci:latest"
skopeo --insecure-policy copy --quiet oci:images:amd64 "oci-archive:$storage/files/busybox-oci.tar:latest"
skopeo --insecure-policy copy --quiet oci:images:amd64 "docker-archive:$storage/files/busybox-docker.tar:busybox:latest"

kill "$registry"
wait "$registry" || true
registry=
rm -rf "$target"
mv "$storage" "$target"
