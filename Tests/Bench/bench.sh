#!/bin/bash
# bench.sh BUILD: speed, memory and size of the programs installed below BUILD/root, as Markdown on stdout.
#
# Every case is measured next to its peer in the same run: absolute times say little on a shared machine.
# Needs root, hyperfine, crun, skopeo, umoci, podman, gpg, docker-registry and loop devices, and 12 GB below BUILD/bench,
# which is removed at the end.
set -euo pipefail
build=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
bench=$build/bench

# crun refuses hosts where cgroup2 has some controllers and v1 the others, so both sides run without that mount.
if [ -z "${RKT_BENCH_INSIDE:-}" ]; then
    RKT_BENCH_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
umount /sys/fs/cgroup/unified 2>/dev/null || true

# rkt STORE OPTIONS: the command line up to the subcommand.
rkt() {
    echo "$build/root/usr/bin/rkt --dir=$bench/$1 --system-config=$bench/none --local-config=$bench/none" \
        "--insecure-options=${2:-image}"
}
say() { echo "bench: $*" >&2; }

clean() {
    for store in pods list; do
        [ -d "$bench/$store" ] || continue
        timeout 300 $(rkt $store) gc --grace-period=0s --expire-prepared=0s >/dev/null 2>&1 || true
    done
    [ -z "${registry:-}" ] || kill "$registry" 2>/dev/null || true
    ! [ -d "$bench/peer/state/sleeping" ] || crun --root "$bench/peer/state" delete --force sleeping || true
    umount "$bench/out/podman/overlay" "$bench/out" "$bench/fetch" "$bench/pods" "$bench/peer" 2>/dev/null || true
    rm -rf "$bench"
}
clean
trap clean EXIT
mkdir -p "$bench/none"
# fresh DIRECTORY: an empty file system of its own. ext4 does not give out inodes that were freed in the last minutes and
# searches past each of them, so a directory whose 20,000 files were just deleted would measure that.
cat >"$bench/fresh" <<END
#!/bin/bash
umount "\$1" 2>/dev/null
rm -f "\$1.ext4"
truncate -s 8G "\$1.ext4"
mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "\$1.ext4"
mkdir -p "\$1"
mount -o loop "\$1.ext4" "\$1" && sync
END
chmod +x "$bench/fresh"
# The pods and what the peer needs for its containers are away from what is deleted meanwhile, each alike.
for name in pods peer; do "$bench/fresh" "$bench/$name"; done
[ "$(uname -m)" = x86_64 ] && arch=amd64 || arch=$(uname -m)

# measure NAME ARGUMENT...: hyperfine without a shell; what it found is kept in NAME.csv, one line per command.
measure() {
    local name=$1
    shift
    say "measuring: $name"
    timeout 1800 hyperfine -N --style basic --export-csv "$bench/$name.csv" "$@" >"$bench/$name.log" 2>&1 ||
        { cat "$bench/$name.log" >&2; return 1; }
}
# The columns are command, mean, stddev, median, user, system, min, max in seconds, counted from the end because the
# command may have commas. These print milliseconds.
median() { awk -F, -v line=$(($2 + 1)) 'NR == line { printf "%.1f", $(NF - 4) * 1000 }' "$bench/$1.csv"; }
cpu() { awk -F, -v line=$(($2 + 1)) 'NR == line { printf "%.1f", ($(NF - 3) + $(NF - 2)) * 1000 }' "$bench/$1.csv"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
difference() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a - b }'; }

# image NAME: packs a static busybox as example.com/NAME; more arguments go to pack-image.
image() {
    local name=$1
    shift
    sed "s#example.com/bench#example.com/$name#" "$here/manifest.json" >"$bench/$name.json"
    "$build/bin/pack-image" --manifest "$bench/$name.json" --label "arch=$arch" --add bin/busybox=/bin/busybox:0755 \
        --link bin/true=bin/busybox --link bin/sleep=bin/busybox \
        --mkdir dev --mkdir etc --mkdir proc --mkdir sys --mkdir tmp --output "$bench/$name.aci" "$@"
}

say "building the small image"
image small
small=$($(rkt pods) fetch "$bench/small.aci")
mkdir -p "$bench/peer/bundle/rootfs/"{bin,dev,etc,proc,sys,tmp}
cp /bin/busybox "$bench/peer/bundle/rootfs/bin/busybox"
ln "$bench/peer/bundle/rootfs/bin/busybox" "$bench/peer/bundle/rootfs/bin/true"
cp "$here/crun-config.json" "$bench/peer/bundle/config.json"

say "building the large image"
# Programs and libraries of this system, cut into files: content that compresses as real images do.
mkdir -p "$bench/tree/data"
content() {
    while :; do
        find /usr/bin /usr/lib "$(dirname "$(command -v swift)")" -xdev -type f -size +16k -print0 | sort -z |
            xargs -0 cat 2>/dev/null || exit 0
    done 2>/dev/null
}
content | head -c 550000000 | split -b 27500 -a 5 -d - "$bench/tree/data/f"
for directory in {000..199}; do
    mkdir "$bench/tree/data/$directory"
    mv "$bench/tree/data/f$directory"?? "$bench/tree/data/$directory"
done
image large --rootfs "$bench/tree" --gzip
rm -rf "$bench/tree"
large=$($(rkt pods) fetch "$bench/large.aci")

fly="--stage1-from-dir=stage1-fly.aci"
crun="crun --root $bench/peer/state --cgroup-manager=cgroupfs"
measure start --warmup 10 --min-runs 100 \
    "$crun run -b $bench/peer/bundle bench" "$(rkt pods) run --net=none $small" "$(rkt pods) run $fly --net=host $small" \
    "$(rkt pods) version" "crun --version"
measure seal --warmup 5 --min-runs 40 \
    "$(rkt pods image,ondisk) run --net=none $large" "$(rkt pods) run --net=none $large"

say "preparing pods of several apps, and one to enter"
apps() { # COUNT WORD...: that many times the small image under other names, with these words after it
    local count=$1 i
    shift
    for ((i = 1; i <= count; i++)); do echo -n "$small --name=app-$i $* --- "; done
}
cat >"$bench/ten" <<END
#!/bin/bash
for i in {1..10}; do $crun run -b $bench/peer/bundle bench-\$i || exit; done
END
chmod +x "$bench/ten"
measure ten --warmup 3 --min-runs 30 "$bench/ten" "$(rkt pods) run --net=none $(apps 10)"

cp -r "$bench/peer/bundle" "$bench/peer/sleeping"
ln "$bench/peer/sleeping/rootfs/bin/busybox" "$bench/peer/sleeping/rootfs/bin/sleep"
sed 's#"/bin/true"#"/bin/sleep", "1000"#' "$here/crun-config.json" >"$bench/peer/sleeping/config.json"
$crun run --detach -b "$bench/peer/sleeping" sleeping </dev/null >/dev/null 2>&1
$(rkt pods) run --net=none --uuid-file-save="$bench/entered.uuid" "$small" --exec=/bin/sleep -- 1000 </dev/null >/dev/null 2>&1 &
entered=$!
for _ in {1..100}; do
    sleep 0.05
    timeout 20 $(rkt pods) status --wait-ready=10s --uuid-file="$bench/entered.uuid" >/dev/null 2>&1 && break
done
measure enter --warmup 5 --min-runs 50 "$crun exec sleeping /bin/true" "$(rkt pods) enter $(cat "$bench/entered.uuid") /bin/true"
timeout 60 $(rkt pods) stop --force --uuid-file="$bench/entered.uuid" >/dev/null
{ wait $entered || true; } 2>/dev/null
crun --root "$bench/peer/state" delete --force sleeping

users=""
if $(rkt pods) run --help | grep -q -- --private-users; then
    users=yes
    measure users --warmup 5 --min-runs 50 "$(rkt pods) run --net=none $small" "$(rkt pods) run --net=none --private-users $small"
fi

cat >"$bench/unpack" <<END
#!/bin/bash
gzip -dc $bench/large.aci | tee >(sha512sum >/dev/null) | tar -x -C $bench/fetch
END
chmod +x "$bench/unpack"
measure fetch --warmup 1 --runs 7 --prepare "$bench/fresh $bench/fetch" "$bench/unpack" "$(rkt fetch) fetch $bench/large.aci"

say "preparing 1,000 pods, half of them exited"
$(rkt list) fetch "$bench/small.aci" >/dev/null
for _ in {1..500}; do
    $(rkt list) prepare --quiet "$small" >/dev/null
    $(rkt list) run --net=none "$small"
done 2>/dev/null
measure list --warmup 3 --min-runs 20 "$(rkt list) list"
pods=$($(rkt list) list --no-legend | wc -l)

# resident PID: PSS in KiB and name of this process and of all below it.
resident() {
    awk -v name="$(tr '\0' ' ' <"/proc/$1/cmdline" | cut -d" " -f1 | sed "s#.*/##")" \
        '/^Pss:/ { printf "%d\t%s\n", $2, name }' "/proc/$1/smaps_rollup"
    local child
    for child in $(cat "/proc/$1/task/$1/children"); do resident "$child"; done
}
# memory NAME COUNT ARGUMENT...: what stays in memory while a pod of so many apps sleeps goes to NAME.pss.
memory() {
    local name=$1 count=$2
    shift 2
    $(rkt pods) run --uuid-file-save="$bench/$name.uuid" "$@" $(apps "$count" --exec=/bin/sleep -- 1000) \
        </dev/null >/dev/null 2>&1 &
    local pod=$!
    for _ in {1..100}; do
        sleep 0.05
        [ "$(resident $pod 2>/dev/null | grep -c $'\tsleep$')" -ge "$count" ] && break
    done
    sleep 2 # a process that waits longer than a second gives its pages back
    resident $pod >"$bench/$name.pss"
    timeout 60 $(rkt pods) stop --force --uuid-file="$bench/$name.uuid" >/dev/null
    { wait $pod || true; } 2>/dev/null
}
say "measuring: memory"
memory ns 1 --net=none
memory fly 1 $fly --net=host
memory twenty 20 --net=none

row() { printf '| %s | %s | %s | %s | %s |\n' "$@"; }
. "$here/fetch.sh"
cat <<END
| case | rkt | peer | ratio or difference | aim |
| --- | --- | --- | --- | --- |
END
peer=$(median start 1)
row "\`run\` with stage1-ns, \`--net=none\`, verified" "$(median start 2) ms" "crun run: $peer ms" \
    "$(ratio "$(median start 2)" "$peer")" "≤ 1.0"
row "\`run\` with stage1-fly" "$(median start 3) ms" "crun run: $peer ms" "$(ratio "$(median start 3)" "$peer")" "≤ 0.5"
row "\`run\`, 20,000 files, verified" "$(median seal 2) ms" "without: $(median seal 1) ms" \
    "$(difference "$(median seal 2)" "$(median seal 1)") ms" "≤ 40 ms"
row "\`fetch\` of that image, gzip, rendered" "$(median fetch 2) ms" "gzip, sha512sum, tar: $(median fetch 1) ms" \
    "$(ratio "$(median fetch 2)" "$(median fetch 1)")" "≤ 1.0"
cat "$bench/fetch-rows"
row "\`list\`, $pods pods" "$(median list 1) ms, $(cpu list 1) ms CPU" "" "" "≤ 50 ms CPU"
row "\`run\`, a pod of 10 apps" "$(median ten 2) ms" "crun run, 10 times: $(median ten 1) ms" \
    "$(ratio "$(median ten 2)" "$(median ten 1)")" "≤ 0.5"
row "\`enter\`" "$(median enter 2) ms" "crun exec: $(median enter 1) ms" \
    "$(ratio "$(median enter 2)" "$(median enter 1)")" "≤ 1.0"
[ -z "$users" ] || row "\`run --private-users\`" "$(median users 2) ms" "without: $(median users 1) ms" \
    "$(difference "$(median users 2)" "$(median users 1)") ms" "report"
row "\`version\`" "$(median start 4) ms" "crun --version: $(median start 5) ms" \
    "$(ratio "$(median start 4)" "$(median start 5)")" "report"

echo
echo "| process that stays | PSS in KiB |"
echo "| --- | --- |"
for flavor in ns fly; do
    awk -F '\t' -v flavor=$flavor '
        { printf "| stage1-%s: `%s` | %d |\n", flavor, $2, $1 }
        $2 !~ /^sleep/ { ours += $1 }
        END { printf "| stage1-%s: all but the app (aim ≤ 2048) | %d |\n", flavor, ours }' "$bench/$flavor.pss"
done

# The pod's first process is the second one of ours.
first() { awk -F '\t' 'NR == 2 { print $1 }' "$bench/$1.pss"; }
echo "| first process of a pod of 1 app (aim ≤ 2048) | $(first ns) |"
echo "| the same of 20 apps, for each further app (aim ≤ 64) | $(awk -v a="$(first ns)" -v b="$(first twenty)" \
    'BEGIN { printf "%.1f", (b - a) / 19 }') |"

echo
echo "| file | bytes | aim |"
echo "| --- | --- | --- |"
for file in "$build"/root/usr/bin/rkt "$build"/bin/stage* "$build"/root/usr/lib/rkt/stage1-images/*.aci; do
    case $file in *stage1-ns.aci) aim="≤ 16 MB" ;; *stage1-fly.aci) aim="≤ 10 MB" ;; *) aim="" ;; esac
    printf '| %s | %s | %s |\n' "$(basename "$file")" "$(stat -c %s "$file")" "$aim"
done
