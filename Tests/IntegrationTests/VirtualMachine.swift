import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// What holds on a host with systemd and cgroups of version 2 alone, where root has all capabilities.
    ///
    /// The machine is booted once and goes through one script; each test looks at its part.
    @Suite(
        .enabled(
            if: Requirements.has(Machine.program) && Requirements.x86, "needs qemu-system-x86_64 on this architecture"))
    struct VirtualMachine {
        @Test func `the host is another one than ours`() throws {
            #expect(try step("host").lines == ["cgroup2fs", "running=systemd"])
        }

        @Test func `an app over its memory limit is killed, and why is told`() throws {
            let step = try step("memory")
            // systemd-run has a status of its own for a service with a process that the kernel ended.
            #expect(step.status != 0, "\(step)")
            let sentence = "run: app 'inspect' reached its memory limit of 50331648 bytes, and the kernel ended"
            #expect(step.lines.contains { $0.hasPrefix(sentence) }, "\(step)")
            #expect(try self.step("enough").lines.contains("memory=ok"))
        }

        @Test func `the limits of a service apply to its pod, whatever the app's own are`() throws {
            let step = try step("service limit")
            #expect(step.status != 0, "\(step)")
            #expect(!step.lines.contains("memory=ok"), "\(step)")
            // systemd may end the whole service before rkt can say so.
            #expect(!step.lines.contains { $0.contains("reached its memory limit of 943718400 bytes") }, "\(step)")
        }

        @Test func `a pod with limits is in the cgroup of its service`() throws {
            let step = try step("place")
            #expect(
                step.lines == [
                    "./rkt-UUID", "./rkt-UUID-supervisor", "./rkt-UUID/app-inspect", "./rkt-UUID/init", "67108864",
                    "50000 100000", "39", "100",
                ], "\(step)")
        }

        @Test func `enter is in the app's cgroup and has its limits`() throws {
            let step = try step("enter")
            #expect(step.status == 137, "\(step)")
            #expect(step.lines.contains("cgroup=0::/"), "\(step)")
        }

        @Test func `a stopped service leaves no cgroup`() throws { #expect(try step("stopped").lines.isEmpty) }

        @Test func `gc removes what a killed rkt left`() throws {
            let step = try step("killed")
            #expect(step.lines == ["left: yes", "after gc: no"], "\(step)")
        }

        @Test func `among other processes a pod goes to the nearest cgroup above, past no limit`() throws {
            let step = try step("shell")
            #expect(step.status == 9, "\(step)")
            let blocked = try self.step("blocked")
            #expect(blocked.status == 254, "\(blocked)")
            let sentence = "run: cannot give apps limits of their own below cgroup '/sys/fs/cgroup/system.slice/run-"
            #expect(blocked.lines.contains { $0.hasPrefix(sentence) }, "\(blocked)")
            #expect(try self.step("unlimited").lines.contains("uid=0"))
        }

        @Test func `an app over its number of processes cannot start more`() throws {
            #expect(try step("pids").lines.contains { $0.hasSuffix("can't fork: Resource temporarily unavailable") })
        }

        @Test func `overlayfs is used although its module is not loaded yet`() throws {
            #expect(try !step("memory").lines.contains { $0.hasPrefix("run: disabling overlay support") })
        }

        @Test func `of all devices only the usual ones can be opened`() throws {
            let step = try step("devices")
            var answers: [String: String] = [:]
            for (name, value) in Facts(step.lines.joined(separator: "\n")).starting("device ") { answers[name] = value }
            #expect(answers.count == 4, "\(step)")
            for (name, answer) in answers {
                #expect(answer.hasSuffix("read=ok write=ok") == (name == "c 1:3"), "\(step)")
            }
        }

        @Test func `a limit on disks slows an app down`() throws {
            let limited = try seconds(in: "disk")
            #expect(limited > 3, "4 MB at 1 MB a second")
            #expect(try seconds(in: "free disk") < limited)
        }

        @Test func `root with all capabilities gives more than it has itself`() throws {
            let step = try step("raised")
            #expect(step.lines.contains("oom=-500"), "\(step)")
            let files = step.lines.first { $0.hasPrefix("rlimit=Max open files") } ?? ""
            let words = files.split(separator: " ").map(String.init)
            #expect(words.dropFirst(3).prefix(2) == ["1048576", "1048576"], "\(step)")
        }

        @Test func `a pod with users of its own has its limits and its place`() throws {
            let step = try step("users")
            #expect(step.status != 0, "\(step)")
            #expect(step.lines.contains("uid=0"), "\(step)")
            #expect(!step.lines.contains { $0.hasPrefix("run: disabling overlay support") }, "\(step)")
            let sentence = "run: app 'inspect' reached its memory limit of 50331648 bytes, and the kernel ended"
            #expect(step.lines.contains { $0.hasPrefix(sentence) }, "\(step)")
            let entered = try self.step("entered users")
            #expect(entered.lines.contains("cgroup=0::/"), "\(entered)")
            #expect(entered.lines.contains("./rkt-UUID/app-inspect 67108864"), "\(entered)")
        }

        @Test func `where user namespaces are switched off, private users are refused with the reason`() throws {
            let step = try step("no users")
            #expect(step.status == 254, "\(step)")
            let sentence = "user namespaces are switched off (sysctl user.max_user_namespaces is 0)"
            #expect(step.lines.contains { $0.hasSuffix(sentence) }, "\(step)")
        }

        @Test func `nothing is left when all is over`() throws { #expect(try step("left").lines.isEmpty) }

        // The script and what came of it

        struct Step {
            let status: Int
            let lines: [String]
        }

        private func step(_ name: String) throws -> Step {
            guard let step = try Self.report.get()[name] else { throw Trouble("the script did not get to '\(name)'") }
            return step
        }

        private func seconds(in name: String) throws -> Int {
            let step = try step(name)
            let line = step.lines.first { $0.hasPrefix("seconds ") }
            guard let number = line.flatMap({ Int($0.dropFirst(8)) }) else { throw Trouble("\(step)") }
            return number
        }

        private static let report = Result { try boot() }

        private static func boot() throws -> [String: Step] {
            let payload = try RunDirectory.make("payload")
            try shell(
                "cp -a \"$1\" \"$2/usr\"",
                [try Programs.rkt().removingLastComponent().removingLastComponent().string, payload.string])
            let image = try RktFixture.probe("example.com/inspect").file("/busybox", from: Programs.find("busybox"))
            try image.write(to: payload.appending("inspect.aci"))
            try RktFixture.probe("example.com/slow").file("/busybox", from: Programs.find("busybox"))
                .isolator("resource/block-bandwidth", #"{"default":true,"limit":"1M"}"#)
                .write(to: payload.appending("slow.aci"))
            try writeText(script, to: payload.appending("run.sh"))
            return steps(in: try Machine.run(payload: payload))
        }

        private static func steps(in output: String) -> [String: Step] {
            var found: [String: Step] = [:]
            var lines: [String] = []
            for line in output.split(separator: "\n") {
                if line.hasPrefix("##begin ") {
                    lines = []
                } else if line.hasPrefix("##end ") {
                    let words = line.dropFirst(6).split(separator: " ")
                    let status = words.last.flatMap { Int($0) } ?? -1
                    found[words.dropLast().joined(separator: " ")] = Step(status: status, lines: lines)
                } else {
                    lines.append(String(line))
                }
            }
            return found
        }

        private static let script = #"""
            export PATH=/usr/sbin:/usr/bin:/sbin:/bin SWIFT_BACKTRACE=enable=no
            rkt="/payload/usr/bin/rkt --insecure-options=image"
            step() { name=$1; shift; echo "##begin $name"; "$@" 2>&1 </dev/null; echo "##end $name $?"; }
            service() { systemd-run --quiet --wait --pipe --collect "$@"; }
            pod="run --net=none example.com/inspect"
            crowd='for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /busybox sleep 1 & done'
            ours() { find /sys/fs/cgroup -name 'rkt-*'; }
            until_there() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return; sleep 0.1; done; }

            host() {
                stat -fc %T /sys/fs/cgroup; echo "running=$(cat /proc/1/comm)"
                $rkt fetch /payload/inspect.aci /payload/slow.aci >/dev/null 2>&1; }
            place() {
                systemd-run --quiet --unit=place --collect -p Delegate=yes $rkt run --net=none --uuid-file-save=/run/uuid \
                    example.com/inspect --memory=64Mi --cpu=500m --cpu-shares=1024 --pids=100 -- wait 300
                uuid=; until_there 'test -s /run/uuid && $rkt status $(cat /run/uuid) | grep -q state=running'
                uuid=$(cat /run/uuid); cd /sys/fs/cgroup/system.slice/place.service || return
                until_there "test -s rkt-$uuid/app-inspect/cgroup.procs"
                find . -mindepth 1 -type d | sed "s/$uuid/UUID/" | sort
                cd rkt-$uuid/app-inspect; cat memory.max cpu.max cpu.weight pids.max; cd /; }
            entered_users() {
                systemd-run --quiet --unit=users --collect -p Delegate=yes $rkt run --net=none --private-users \
                    --uuid-file-save=/run/users example.com/inspect --memory=64Mi -- wait 300
                until_there 'test -s /run/users && $rkt status $(cat /run/users) | grep -q state=running'
                uuid=$(cat /run/users); $rkt status --wait-ready=60s $uuid >/dev/null
                $rkt enter $uuid /inspect cgroup; cd /sys/fs/cgroup/system.slice/users.service || return
                for found in $(find . -name app-inspect); do
                    echo "$found $(cat $found/memory.max)" | sed "s/$uuid/UUID/"; done
                cd /; $rkt stop --wait=60s $uuid >/dev/null; until_there '! systemctl is-active -q users'; }
            stopped() {
                systemctl stop place; until_there '! systemctl is-active -q place'; ours; }
            killed() {
                systemd-run --quiet --unit=killed --collect -p KillMode=process -p Delegate=yes $rkt run --net=none \
                    --uuid-file-save=/run/killed example.com/inspect --pids=100 -- wait 300
                until_there 'test -s /run/killed && $rkt status $(cat /run/killed) | grep -q state=running'
                mkdir -p /sys/fs/cgroup/elsewhere
                pid=$(systemctl show -p MainPID --value killed); kill -9 $pid
                until_there '$rkt status $(cat /run/killed) | grep -q state=exited'
                grep -q . /var/lib/rkt/pods/*/$(cat /run/killed)/cgroups && echo "left: yes"
                $rkt gc --grace-period=0s >/dev/null 2>&1
                echo "after gc: $(ours | grep -q . && echo yes || echo no)"; rmdir /sys/fs/cgroup/elsewhere; }
            disk() {
                from=$(date +%s)
                $rkt run --net=none $1 --exec=/busybox -- dd if=/dev/zero of=/file bs=64k count=64 oflag=direct
                echo "seconds $(($(date +%s) - from))"; }

            step host host
            step memory service $rkt $pod --memory=48Mi -- memory 268435456
            step enough service $rkt $pod --memory=400Mi -- memory 67108864
            step "service limit" service -p MemoryMax=64M $rkt $pod --memory=900Mi -- memory 268435456
            step place place
            step enter $rkt enter $uuid /inspect cgroup + memory 268435456
            step stopped stopped
            step killed killed
            step users service $rkt run --private-users --net=none example.com/inspect --memory=48Mi -- user + memory 268435456
            step "entered users" entered_users
            echo 0 >/proc/sys/user/max_user_namespaces
            step "no users" $rkt run --private-users --net=none example.com/inspect
            step shell $rkt $pod --memory=48Mi -- memory 268435456
            step blocked service -p TasksMax=200 sh -c "$rkt $pod --memory=48Mi -- user; exit \$?"
            step unlimited service -p TasksMax=200 sh -c "$rkt $pod -- user; exit \$?"
            step pids service $rkt $pod --pids=6 --exec=/busybox -- sh -c "$crowd"
            step devices $rkt $pod -- device c 1 3 + device b 254 0 + device c 10 229 + device c 1 1
            step disk disk example.com/slow
            step "free disk" disk example.com/inspect
            step raised $rkt $pod --rlimit=nofile=1048576 --oom-score-adj=-500 -- rlimits + oom
            step left ours
            """#
    }
}
