import Glibc
import SystemPackage
import TestSupport
import Testing

extension Integration {
    /// Servers from a distribution as people run them, each used by its own client.
    @Suite struct RealServers {
        @Test func `PostgreSQL, nginx, redis and OpenSSH in one pod are used over its loopback`() throws {
            try RktFixture.with(store: "servers") { rkt throws in
                let farm = try Farm(rkt, .ns, Ports(postgres: "5432", http: "80", redis: "6379", ssh: "22"))
                let file = rkt.directory.appending("uuid")
                let apps = try farm.servers.map { try [farm.image] + $0.arguments(.ns) }.joined(separator: ["---"])
                let pod = try rkt.start(
                    ["run", "--net=none", "--uuid-file-save=\(file)"] + farm.volumes + Array(apps))
                try waitUntil("the pod's UUID") { exists(file) }
                let uuid = try readText(file)
                try rkt("status", "--wait-ready=30s", uuid).succeeded()
                farm.check(
                    try rkt(["enter", "--app=nginx", uuid, "/bin/bash", "-euc", farm.client]).succeeded())

                let processes = try rkt("enter", "--app=nginx", uuid, "/bin/ps", "-eo", "user=,args=").succeeded().lines
                func user(_ words: String) -> Set<String> {
                    Set(processes.filter { $0.contains(words) }.map { String($0.prefix { $0 != " " }) })
                }
                #expect(user("/bin/postgres -D") == ["postgres"])
                #expect(user("postgres: 15/main: checkpointer") == ["postgres"])
                #expect(user("/usr/bin/redis-server") == ["redis"])
                #expect(user("nginx: master") == ["root"])
                #expect(user("nginx: worker") == ["www-data"])

                try rkt("stop", uuid).succeeded()
                let end = pod.wait(.seconds(300))
                #expect(end.status == 0, "\(end)")
                #expect(end.output.contains("database system is shut down") || end.errors.contains("is shut down"))
                let status = try rkt("status", uuid).succeeded().lines.filter { $0.hasPrefix("app-") }
                #expect(Set(status) == ["app-postgres=0", "app-nginx=0", "app-redis=0", "app-sshd=0"])
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Flavor.all)
        func `each in a pod of its own on the host's network, and over sockets on a shared volume`(
            flavor: Flavor
        ) throws {
            try RktFixture.with(store: "servers") { rkt throws in
                let farm = try Farm(rkt, flavor, Ports.free())
                let pods = try farm.servers.map { server in
                    let file = rkt.directory.appending("uuid-\(server.name)")
                    let options = ["run", "--net=host", "--uuid-file-save=\(file)"] + flavor.selection + farm.volumes
                    return (file, try rkt.start(options + [farm.image] + server.arguments(flavor)))
                }
                farm.check(try farm.runClient(farm.client).succeeded())
                for (file, pod) in pods {
                    try rkt("stop", "--uuid-file=\(file)").succeeded()
                    let end = pod.wait(.seconds(300))
                    #expect(end.status == 0, "\(end)")
                }
                try rkt.collectGarbage()
            }
        }

        @Test(arguments: Flavor.all)
        func `a job clones a repository, compiles a program and runs its tests`(flavor: Flavor) throws {
            try RktFixture.with(store: "servers") { rkt throws in
                let image = try rkt.serversImage()
                let source = rkt.directory.appending("source")
                try makeDirectories(source)
                try shell(Self.repository, in: source)
                func job(_ branch: String) throws -> CommandResult {
                    let script = """
                        git clone -q --branch \(branch) /source work; cd work; make check; git log --format=%s
                        """
                    return try rkt.run(
                        flavor, image: image, options: ["--volume=source,kind=host,source=\(source),readOnly=true"],
                        appOptions: [
                            "--mount=volume=source,target=/source", "--user=visitor", "--group=visitor",
                            "--working-dir=/home/visitor", "--environment=HOME=/home/visitor", "--exec=/bin/bash",
                        ], ["-euc", script])
                }
                let good = try job("main").succeeded()
                #expect(good.lines.suffix(2) == ["all tests passed", "a program"])
                #expect(good.lines.contains { $0.hasPrefix("cc ") })
                let bad = try job("broken")
                #expect(bad.status == 2, "\(bad)")
                #expect(bad.errors.contains("1 + 1 is 3"))
                #expect(!exists(source.appending("work")))
                for uuid in rkt.podIDs { try rkt("rm", uuid).succeeded() }
                #expect(rkt.podIDs == [])
            }
        }

        /// Makes a repository with a program and its tests; they fail on the branch `broken`.
        private static let repository = """
            export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
            export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
            git init -q -b main .
            cat >sum.c <<'END'
            #include <stdio.h>
            #include <stdlib.h>
            int sum(int a, int b) { return a + b; }
            int main(void) {
                if (sum(1, 1) != 2) { fprintf(stderr, "1 + 1 is %d\\n", sum(1, 1)); return EXIT_FAILURE; }
                puts("all tests passed");
                return EXIT_SUCCESS;
            }
            END
            printf 'check: sum\\n\\t./sum\\n' >Makefile
            git add . && git commit -qm "a program"
            git checkout -q -b broken && sed -i 's/a + b/a + b + 1/' sum.c && git commit -qam "a mistake"
            chown -R 1000:1000 .
            """

        @Test func `a pod of twenty apps: a server, eighteen workers and who waits for them`() throws {
            try RktFixture.with(store: "servers") { rkt throws in
                let image = try rkt.serversImage()
                let ready = "until redis-cli ping >/dev/null 2>&1; do sleep 0.05; done"
                var words = ["run", "--net=none", image, "--name=server", "--exec=/usr/bin/redis-server"]
                words += ["--user=redis", "--group=redis", "--", "--save", "", "--loglevel", "warning"]
                func add(_ name: String, _ script: String) {
                    words += ["---", image, "--name=\(name)", "--user=nobody", "--group=nogroup"]
                    words += ["--exec=/bin/bash", "--", "-euc", "\(ready); \(script)"]
                }
                for index in 1...18 {
                    add(
                        "worker-\(index)",
                        """
                        for ((i = 0; i < 20; i++)); do redis-cli incrby sum \(index); done >/dev/null
                        redis-cli rpush finished worker-\(index) >/dev/null
                        """)
                }
                add(
                    "collector",
                    """
                    for ((i = 0; i < 18; i++)); do redis-cli blpop finished 30 | tail -1; done
                    redis-cli get sum; redis-cli shutdown nosave
                    """)
                let result = try rkt(words, limit: .seconds(120)).succeeded()
                let lines = result.lines.filter { !$0.contains("#") }
                #expect(Set(lines.dropLast()) == Set((1...18).map { "worker-\($0)" }), "\(result)")
                #expect(lines.last == "3420", "\(result)")
                let status = try rkt("status", rkt.onlyPod()).succeeded().lines.filter { $0.hasPrefix("app-") }
                #expect(status.count == 20)
                #expect(status.allSatisfy { $0.hasSuffix("=0") }, "\(status)")
                try rkt.collectGarbage()
            }
        }
    }
}

extension RktFixture {
    /// The ID of the image with the servers, in the store that all these tests share.
    fileprivate func serversImage() throws -> String {
        let name = "example.com/servers"
        if try self("image", "list", "--fields=name", "--no-legend").succeeded().output.contains(name) { return name }
        return try fetch(ServersImage.path())
    }
}

/// Where the servers listen.
private struct Ports {
    let postgres, http, redis, ssh: String

    /// Four that nobody listened on just now.
    static func free() throws -> Ports {
        let numbers = try freePorts(4).map(String.init)
        return Ports(postgres: numbers[0], http: numbers[1], redis: numbers[2], ssh: numbers[3])
    }
}

/// Ports of loopback that nobody listened on just now.
func freePorts(_ count: Int) throws -> [Int] {
    let script = """
        import socket, sys
        sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
        for s in sockets: s.bind(("127.0.0.1", 0))
        print(*[s.getsockname()[1] for s in sockets])
        """
    let numbers = try shell("python3 -c \"$1\" \"$2\"", [script, String(count)]).text.split(separator: " ")
        .compactMap { Int($0) }
    guard numbers.count == count else { throw Trouble("no free ports: \(numbers)") }
    return numbers
}

private struct Server {
    let name: String
    let options: [String]
    let arguments: [String]
    /// For flavors that filter system calls.
    var filter: [String] = []

    func arguments(_ flavor: Flavor) throws -> [String] {
        ["--name=\(name)"] + options + (flavor == .fly ? [] : filter) + ["--"] + arguments
    }
}

/// The four servers with what they share: sockets, keys, a configuration and a page.
private struct Farm {
    let image: String
    let servers: [Server]
    private let rkt: RktFixture
    private let flavor: Flavor
    private let ports: Ports
    private let shared: FilePath

    init(_ rkt: RktFixture, _ flavor: Flavor, _ ports: Ports) throws {
        (self.rkt, self.flavor, self.ports) = (rkt, flavor, ports)
        image = try rkt.serversImage()
        shared = rkt.directory.appending("shared")
        for (name, mode) in [("sockets", 0o1777), ("keys", 0o755), ("separation", 0o755)] as [(String, UInt32)] {
            try shell("mkdir -p \"$1\" && chmod $2 \"$1\"", [shared.appending(name).string, String(mode, radix: 8)])
        }
        try writeText(Self.nginx(port: ports.http), to: shared.appending("keys/nginx.conf"))
        try writeText("a page\n", to: shared.appending("keys/page"))
        servers = try Self.servers(ports, certificateGroup: Self.prepare(rkt, flavor, image, Self.volumes(shared)))
    }

    /// Makes the keys of the visitor, in a pod; the group that may read the key of the server's certificate.
    private static func prepare(
        _ rkt: RktFixture, _ flavor: Flavor, _ image: String, _ volumes: [String]
    ) throws -> String {
        let script = """
            ssh-keygen -q -t ed25519 -N '' -f /keys/id; install -o visitor -m 600 /keys/id.pub /keys/authorized
            getent group ssl-cert | cut -d: -f3
            """
        return try rkt.run(
            flavor, image: image, options: volumes, appOptions: ["--exec=/bin/bash"], ["-euc", script]
        )
        .succeeded().text
    }

    var volumes: [String] { Self.volumes(shared) }

    /// Directories of the host, which every flavor can mount.
    private static func volumes(_ shared: FilePath) -> [String] {
        [("sockets", "/sockets"), ("keys", "/keys"), ("separation", "/run/sshd")].flatMap { name, target in
            [
                "--volume=\(name),kind=host,source=\(shared.appending(name))",
                "--mount=volume=\(name),target=\(target)",
            ]
        }
    }

    private static func servers(_ ports: Ports, certificateGroup: String) -> [Server] {
        [
            Server(
                name: "postgres",
                options: [
                    "--exec=/usr/lib/postgresql/15/bin/postgres", "--user=postgres", "--group=postgres",
                    "--supplementary-gids=\(certificateGroup)",
                ],
                arguments: [
                    "-D", "/var/lib/postgresql/15/main", "-c",
                    "config_file=/etc/postgresql/15/main/postgresql.conf", "-c", "unix_socket_directories=/sockets",
                    "-c", "port=\(ports.postgres)",
                ]),
            Server(
                name: "nginx", options: ["--exec=/usr/sbin/nginx"],
                arguments: ["-c", "/keys/nginx.conf", "-e", "/dev/null"]),
            Server(
                name: "redis",
                options: [
                    "--exec=/usr/bin/redis-server", "--user=redis", "--group=redis", "--working-dir=/var/lib/redis",
                ],
                arguments: [
                    "--bind", "127.0.0.1", "--port", ports.redis, "--unixsocket", "/sockets/redis",
                    "--unixsocketperm", "777", "--save", "",
                ]),
            Server(
                name: "sshd", options: ["--exec=/usr/sbin/sshd"],
                arguments: [
                    "-D", "-e", "-p", ports.ssh, "-o", "ListenAddress=127.0.0.1", "-o",
                    "AuthorizedKeysFile=/keys/authorized",
                ],
                // PAM wants a keyring for the session, and lives without one where that is an error and no death.
                filter: ["--seccomp=mode=retain,errno=EPERM,@rkt/default-whitelist"]),
        ]
    }

    private static func nginx(port: String) -> String {
        """
        daemon off; user www-data; pid /run/nginx.pid; error_log stderr;
        events {}
        http { access_log off; server { listen 127.0.0.1:\(port); root /keys; } }

        """
    }

    /// What a root shell next to the servers says to them.
    var client: String {
        """
        ready() { for i in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited for $*"; exit 1; }
        listens() { (exec 3<>/dev/tcp/127.0.0.1/$1); }
        ready pg_isready -h 127.0.0.1 -p \(ports.postgres); ready redis-cli -p \(ports.redis) ping
        ready listens \(ports.http); ready listens \(ports.ssh)

        owner() { setpriv --reuid=postgres --regid=postgres --clear-groups psql -qAt -h /sockets -p \(ports.postgres) -c "$1"; }
        owner "create table numbers (n int); insert into numbers select generate_series(1, 1000)"
        owner "alter role postgres password 'secret'"
        export PGPASSWORD=secret PGSSLMODE=require
        psql -qAt -h 127.0.0.1 -p \(ports.postgres) -U postgres -c "select sum(n) from numbers"

        redis-cli -p \(ports.redis) set key value
        redis-cli -s /sockets/redis get key
        curl -fsS http://127.0.0.1:\(ports.http)/page

        visit="ssh -i /keys/id -p \(ports.ssh) -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR
            -o UserKnownHostsFile=/dev/null visitor@127.0.0.1"
        head -c 3000000 /dev/zero | $visit 'id -un; wc -c'
        $visit -tt tty </dev/null | tr -d '\\r'
        """
    }

    /// Runs a script of ``client`` in a pod of its own.
    func runClient(_ script: String) throws -> CommandResult {
        try rkt.run(
            flavor, image: image, options: ["--net=host"] + volumes, appOptions: ["--exec=/bin/bash"],
            ["-euc", script])
    }

    func check(_ result: CommandResult, _ location: SourceLocation = #_sourceLocation) {
        let expected = ["500500", "OK", "value", "a page", "visitor", "3000000"]
        #expect(result.lines.dropLast() == expected[...], "\(result)", sourceLocation: location)
        #expect(result.lines.last?.hasPrefix("/dev/pts/") == true, "\(result)", sourceLocation: location)
    }
}
