import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Programs that people run, not made for these tests.
    @Suite struct RealInput {
        @Test(arguments: Flavor.all)
        func `busybox runs its shell, and what the shell starts`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(busybox())
                let script = """
                    for i in 1 2 3; do (sleep 0.1; echo "child $i") & done; wait
                    echo "hello" | tr a-z A-Z | sed 's/L/l/g'; seq 1 1000 | wc -l; ls / | grep -c .; id -u; cat /etc/motd
                    """
                let result = try rkt.run(flavor, image: image, ["-c", script]).succeeded()
                let lines = result.lines
                #expect(Set(lines.prefix(3)) == ["child 1", "child 2", "child 3"])
                #expect(lines.dropFirst(3).prefix(2) == ["HEllO", "1000"])
                #expect(lines.suffix(2) == ["0", "welcome"])
                try rkt.collectGarbage()
            }
        }

        @Test func `two apps of different images share a volume`() throws {
            try RktFixture.with { rkt throws in
                let producer = try rkt.fetch(busybox())
                let consumer = try rkt.probeImage()
                let result = try rkt(
                    "run", "--net=none", "--volume=work,kind=empty", "--mount=volume=work,target=/work", producer,
                    "--name=producer", "--", "-c",
                    "i=0; while [ $i -lt 5 ]; do echo $i >> /work/log; i=$((i+1)); done; touch /work/done",
                    "---", consumer, "--name=consumer", "--", "sleep", "500", "+", "read", "/work/log", "+", "exists",
                    "/work/done"
                ).succeeded()
                let facts = Facts(result.output)
                #expect(facts["read /work/log"] == "0\\n1\\n2\\n3\\n4\\n")
                #expect(facts["exists /work/done"] == "yes")
            }
        }

        @Test(arguments: Flavor.all)
        func `Debian: apt-get, Perl, Python and a script with several processes`(flavor: Flavor) throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(DebianImage.path())
                func debian(_ program: String, _ arguments: String...) throws -> CommandResult {
                    try rkt.run(
                        flavor, image: image, appOptions: ["--exec=\(program)"], arguments, limit: .seconds(120)
                    )
                    .succeeded()
                }
                #expect(try debian("/usr/bin/apt-get", "--version").output.hasPrefix("apt "))
                #expect(
                    try debian("/usr/bin/perl", "-e", "print join(',', map { $_ * $_ } 1..5), qq(\\n)").text
                        == "1,4,9,16,25")
                let python = """
                    import subprocess, tempfile, threading, os, json
                    out = []
                    threads = [threading.Thread(target=lambda i=i: out.append(i)) for i in range(8)]
                    [t.start() for t in threads]; [t.join() for t in threads]
                    with tempfile.NamedTemporaryFile() as f: f.write(b'x' * 1000); f.flush(); size = os.path.getsize(f.name)
                    sub = subprocess.run(['/bin/echo', 'sub'], capture_output=True, text=True).stdout.strip()
                    print(json.dumps([sorted(out), size, sub]))
                    """
                #expect(
                    try debian("/usr/bin/python3", "-c", python).text == "[[0, 1, 2, 3, 4, 5, 6, 7], 1000, \"sub\"]")
                let script = """
                    set -e; mkfifo /tmp/pipe; (for i in $(seq 100); do echo $i; done > /tmp/pipe) & sort -n < /tmp/pipe | tail -1
                    wait; find /usr/share/doc -type f | head -50 | xargs cat | gzip | gzip -d | wc -c | grep -qv '^0$'; dpkg -l | grep -c ^ii
                    """
                let lines = try debian("/bin/bash", "-c", script).lines
                #expect(lines[cell: 0] == "100")
                #expect(Int(lines[cell: 1]) ?? 0 > 50)
                try rkt.collectGarbage()
            }
        }

        @Test func `a server is started, entered, used and stopped`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.fetch(DebianImage.path())
                let file = rkt.directory.appending("uuid")
                let server = try rkt.start([
                    "run", "--net=none", "--uuid-file-save=\(file)",
                    "--volume=data,kind=empty,uid=1000,gid=1000,mode=0700", image,
                    "--exec=/usr/bin/redis-server", "--user=1000", "--group=1000", "--working-dir=/data",
                    "--mount=volume=data,target=/data", "--memory=256Mi", "--", "--save", "''", "--dir", "/data",
                    "--loglevel", "notice",
                ])
                try server.waitForOutput("eady to accept connections", .seconds(60))
                let uuid = try readText(file)
                func client(_ words: String...) throws -> String {
                    try rkt(["enter", uuid, "/usr/bin/redis-cli"] + words).succeeded().text
                }
                #expect(try client("ping") == "PONG")
                #expect(try client("set", "key", "value") == "OK")
                #expect(try client("get", "key") == "value")
                #expect(
                    try rkt(
                        "enter", "--user=app", uuid, "/bin/sh", "-c",
                        "id -u; ps ax 2>/dev/null | grep -c redis-server || true"
                    )
                    .succeeded().lines[cell: 0] == "1000")
                #expect(try rkt("list", "--no-legend").output.contains("running"))
                try rkt("stop", uuid).succeeded()
                let result = server.wait(.seconds(60))
                #expect(result.status == 0, "\(result)")
                #expect(result.output.contains("User requested shutdown") || result.output.contains("SIGTERM"))
                #expect(try rkt("status", uuid).succeeded().lines.contains("app-debian=0"))
                try rkt.collectGarbage()
            }
        }

        private func busybox() throws -> ACIBuilder {
            var image = ACIBuilder(name: "example.com/busybox").directory("/bin").directory("/etc")
                .file("/etc/motd", "welcome\n").file("/bin/busybox", from: try Programs.find("busybox"))
                .app(exec: ["/bin/sh"])
            for name in ["sh", "sleep", "tr", "sed", "seq", "wc", "ls", "grep", "id", "cat", "touch"] {
                image = image.symlink("/bin/\(name)", to: "busybox")
            }
            return image
        }
    }
}
