import AppContainer
import JSON
import TestSupport
import Testing

@testable import ImageConvert

/// What an image's config becomes.
struct ManifestTests {
    private let name = ConvertedName(
        host: "registry-1.docker.io", repository: "library/redis", tag: "3.2", reference: "redis:3.2")

    /// The manifest of a config with these members besides system and architecture.
    private func translated(
        _ config: JSONObject = [:], _ members: JSONObject = [:], name: ConvertedName? = nil
    ) throws -> ImageManifest {
        var all: JSONObject = ["os": "linux", "architecture": "amd64", "rootfs": ["diff_ids": []]]
        for (key, value) in members.members { all[key] = value }
        all["config"] = .object(config)
        return try translated(text: JSONValue.object(all).serialized(), name: name)
    }

    private func translated(text: String, name: ConvertedName? = nil) throws -> ImageManifest {
        let bytes = Array(text.utf8)
        let image = LayeredImage(
            config: bytes, layers: [], manifestDigest: "sha256:abc", name: name ?? self.name)
        return try manifest(for: ImageConfig(parsing: bytes), of: image)
    }

    private func app(_ config: JSONObject) throws -> App { try #require(try translated(config).app) }

    @Test func `an image like redis`() throws {
        let manifest = try translated(
            [
                "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["redis-server"], "User": "redis",
                "ExposedPorts": ["6379/tcp": [:]], "Volumes": ["/data": [:]], "WorkingDir": "/data",
                "Env": ["PATH=/bin", "REDIS_VERSION=3"], "Labels": ["b": "2", "a": "1"], "StopSignal": "SIGQUIT",
            ], ["created": "2017-01-02T03:04:05.678Z", "author": "someone"])
        let expected = """
            {"acKind":"ImageManifest","acVersion":"0.8.11","name":"registry-1.docker.io/library/redis",\
            "labels":[{"name":"version","value":"3.2"},{"name":"os","value":"linux"},{"name":"arch","value":"amd64"}],\
            "app":{"exec":["docker-entrypoint.sh","redis-server"],"user":"redis","group":"redis",\
            "workingDirectory":"/data",\
            "environment":[{"name":"PATH","value":"/bin"},{"name":"REDIS_VERSION","value":"3"}],\
            "mountPoints":[{"name":"volume-data","path":"/data"}],\
            "ports":[{"name":"6379-tcp","protocol":"tcp","port":6379,"count":1,"socketActivated":false}],\
            "userLabels":{"a":"1","b":"2"}},\
            "annotations":[{"name":"author","value":"someone"},{"name":"created","value":"2017-01-02T03:04:05.678Z"},\
            {"name":"appc.io/docker/registryurl","value":"registry-1.docker.io"},\
            {"name":"appc.io/docker/repository","value":"library/redis"},\
            {"name":"appc.io/docker/originalname","value":"redis:3.2"},\
            {"name":"appc.io/docker/imageid","value":"\(manifest.annotations["appc.io/docker/imageid"] ?? "")"},\
            {"name":"appc.io/docker/manifesthash","value":"sha256:abc"},\
            {"name":"appc.io/docker/stopsignal","value":"SIGQUIT"},\
            {"name":"appc.io/docker/entrypoint","value":"[\\"docker-entrypoint.sh\\"]"},\
            {"name":"appc.io/docker/cmd","value":"[\\"redis-server\\"]"}]}
            """
        #expect(manifest.json.serialized() == expected)
        // What was written can be read.
        #expect(try ImageManifest(parsing: Array(expected.utf8)) == manifest)
        try manifest.checkRunnable()
    }

    @Test(
        arguments: [
            ("registry-1.docker.io", "library/redis", "registry-1.docker.io/library/redis"),
            ("localhost:5000", "x", "localhost_5000/x"), ("[::1]:5000", "a/b", "1__5000/a/b"),
            ("Quay.IO", "CoreOS/etcd_", "quay.io/coreos/etcd"),
        ] as [(String, String, String)])
    func `the name is registry and repository`(host: String, repository: String, expected: String) throws {
        let name = ConvertedName(host: host, repository: repository, tag: nil, reference: "x")
        let manifest = try translated(name: name)
        #expect(manifest.name.rawValue == expected)
        #expect(manifest.labels["version"] == nil)
        #expect(manifest.annotations["appc.io/docker/registryurl"] == host)
    }

    @Test(
        arguments: [
            ("linux", "amd64", "", "linux amd64"), ("linux", "386", "", "linux i386"),
            ("linux", "arm64", "v8", "linux aarch64"), ("linux", "arm", "", "linux armv6l"),
            ("linux", "arm", "v7", "linux armv7l"), ("linux", "ppc64le", "", "linux ppc64le"),
            ("linux", "s390x", "", "linux s390x"), ("freebsd", "amd64", "", "freebsd amd64"),
            ("darwin", "amd64", "", "darwin x86_64"), ("linux", "riscv64", "", nil), ("windows", "amd64", "", nil),
            ("", "", "", nil), ("linux", "AMD64", "", nil), ("linux", "arm", "v9", nil),
        ] as [(String, String, String, String?)])
    func `system and architecture have other names`(
        os: String, architecture: String, variant: String, expected: String?
    ) throws {
        let members: JSONObject = [
            "os": .string(os), "architecture": .string(architecture), "variant": .string(variant),
        ]
        if let expected {
            let labels = try translated([:], members).labels
            #expect("\(labels["os"] ?? "") \(labels["arch"] ?? "")" == expected)
        } else {
            let place = variant.isEmpty ? architecture : "\(architecture)/\(variant)"
            #expect(throws: ConversionError.unknownPlatform(os: os, architecture: place)) {
                try translated([:], members)
            }
        }
    }

    @Test(
        arguments: [
            ("", "0", "0"), ("u", "u", "u"), ("u:g", "u", "g"), ("1000", "1000", "1000"), ("1:2", "1", "2"),
            (":g", "0", "g"), ("u:", "u", "u"),
        ] as [(String, String, String)])
    func `user and group`(text: String, user: String, group: String) throws {
        let app = try app(["User": .string(text)])
        #expect(app.user == user)
        #expect(app.group == group)
    }

    @Test func `later variables win, and what is no variable is dropped`() throws {
        let app = try app(["Env": ["A=1", "B=2", "nothing", "A=3=4", "9=x", "=x", "C=", "a.b-c=1", "x y=1"]])
        #expect(app.environment.map { "\($0.name)=\($0.value)" } == ["A=3=4", "B=2", "C=", "a.b-c=1"])
    }

    @Test func `two megabytes of environment`() throws {
        let items = (0..<20_000).map { JSONValue.string("V\($0)=\(String(repeating: "x", count: 100))") }
        #expect(try app(["Env": .array(items)]).environment.count == 20_000)
        let same = (0..<20_000).map { JSONValue.string("V=\($0)") }
        #expect(try app(["Env": .array(same)]).environment.map(\.value) == ["19999"])
    }

    @Test func `working directories are absolute`() throws {
        #expect(try app(["WorkingDir": "srv/x"]).workingDirectory == "/srv/x")
        #expect(try app(["WorkingDir": "/srv"]).workingDirectory == "/srv")
        #expect(try app(["WorkingDir": ""]).workingDirectory == nil)
    }

    @Test func `ports`() throws {
        func ports(_ names: [String]) throws -> [String] {
            var object = JSONObject()
            for name in names { object[name] = [:] }
            return try app(["ExposedPorts": .object(object)]).ports.map { "\($0.name) \($0.protocol) \($0.port)" }
        }
        #expect(
            try ports(["80/tcp", "53/udp", "8080", "1/TCP", "9/sctp"])
                == ["1-tcp tcp 1", "53-udp udp 53", "80-tcp tcp 80", "8080 tcp 8080", "9-sctp sctp 9"])
        for bad in ["0/tcp", "65536", "x", "1/", "1/tcp/2", "-1/tcp", "1-2/tcp", "1/t\u{0}", "+1"] {
            #expect(throws: ConversionError.invalidPort(shown(bad))) { try ports([bad]) }
        }
        #expect(try app(["PortSpecs": ["22"]]).ports.map(\.name.rawValue) == ["22"])
    }

    @Test func `volumes have the same names each time`() throws {
        func volumes(_ paths: [String]) throws -> [String] {
            var object = JSONObject()
            for path in paths { object[path] = [:] }
            return try app(["Volumes": .object(object)]).mountPoints.map { "\($0.name) \($0.path)" }
        }
        #expect(try volumes(["/data", "/a/b"]) == ["volume-a-b /a/b", "volume-data /data"])
        let expected = ["volume-a-b /a-b", "volume-a-b-1 /a-b-1", "volume-a-b-2 /a/b", "volume-a-b-3 /a_b"]
        #expect(try volumes(["/a/b", "/a-b", "/a_b", "/a-b-1"]) == expected)
        #expect(try volumes(["/a-b-1", "/a_b", "/a-b", "/a/b"]) == expected)
        #expect(try volumes(["data", "/data/", "//data/./x/.."]) == ["volume-data /data"])
        #expect(try volumes(["/../../etc"]) == ["volume-etc /etc"])
        #expect(try volumes(["/"]) == ["volume /"])
    }

    @Test func `labels and annotations say nothing about the sandbox`() throws {
        let words = [
            "coreos.com/rkt/stage1/x", "os/linux/capabilities-retain-set", "appc.io/docker/repository",
            "org.systemd.property.X", "io.containerd.x", "run.oci.handler", "io.podman.annotations.seccomp",
        ]
        var labels = JSONObject()
        for word in words { labels[word] = "x" }
        let plain = try translated([:])
        let labelled = try translated(
            ["Labels": .object(labels), "isolators": [["name": "os/linux/no-new-privileges", "value": false]]],
            ["annotations": .object(labels), "isolators": []])
        #expect(labelled.app?.isolators == [])
        #expect(labelled.annotations.entries.map(\.name) == plain.annotations.entries.map(\.name))
        #expect(labelled.labels == plain.labels)
        #expect(labelled.app?.userAnnotations.isEmpty == true)
        #expect(labelled.app?.userLabels.entries.count == words.count)
    }

    @Test(arguments: [
        "", "[]", "null", "{", "{}", #"{"rootfs":[]}"#, #"{"rootfs":{"diff_ids":["x"]}}"#,
        #"{"rootfs":{"diff_ids":["sha256:../../etc/passwd"]}}"#, #"{"rootfs":{"diff_ids":1}}"#,
        #"{"rootfs":{"diff_ids":[]},"os":1}"#, #"{"rootfs":{"diff_ids":[]},"config":[]}"#,
        #"{"rootfs":{"diff_ids":[]},"config":{"Env":"A=1"}}"#, #"{"rootfs":{"diff_ids":[]},"config":{"Cmd":"x"}}"#,
        #"{"rootfs":{"diff_ids":[]},"config":{"Env":[1]}}"#, #"{"rootfs":{"diff_ids":[]},"config":{"Volumes":["/x"]}}"#,
        #"{"rootfs":{"diff_ids":[]},"config":{"Labels":{"a":1}}}"#,
        String(repeating: "[", count: 100_000),
    ])
    func `a config that is none`(text: String) {
        let error = sentence { _ = try translated(text: text) }
        #expect(error.hasPrefix("invalid image config: "), "\(error)")
    }

    @Test(arguments: ["Cmd", "Entrypoint", "Env", "User", "WorkingDir", "StopSignal"])
    func `NUL is refused`(field: String) {
        let bad: JSONValue = "A=\u{0}"
        let value: JSONValue = ["Cmd", "Entrypoint", "Env"].contains(field) ? [bad] : bad
        let error = sentence { _ = try translated([field: value]) }
        #expect(error.hasPrefix("invalid image config: "), "\(error)")
    }

    @Test func `missing members mean nothing`() throws {
        let text = #"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":null},"config":null,"created":null}"#
        let manifest = try translated(text: text)
        #expect(manifest.app?.exec == [])
        #expect(manifest.app?.user == "0")
        #expect(manifest.annotations["created"] == nil)
    }

    @Test func `a date that is none`() {
        #expect(
            sentence { _ = try translated([:], ["created": "yesterday"]) }.hasPrefix("invalid image config: "))
    }
}
