import AppContainer
import JSON
import Testing

@Suite struct ImageManifestTests {
    /// Everything an image manifest can have.
    static let complete = #"""
        {
            "acKind": "ImageManifest",
            "acVersion": "0.8.11",
            "name": "example.com/shop/basket",
            "labels": [
                {"name": "version", "value": "2.4.1"},
                {"name": "arch", "value": "amd64"},
                {"name": "os", "value": "linux"}
            ],
            "app": {
                "exec": ["/usr/bin/basket", "--quiet", "<&>"],
                "eventHandlers": [
                    {"name": "pre-start", "exec": ["/usr/bin/prepare"]},
                    {"name": "post-stop", "exec": ["/usr/bin/tidy", "-v"]}
                ],
                "user": "100",
                "group": "300",
                "supplementaryGIDs": [400, 500],
                "workingDirectory": "/opt/basket",
                "environment": [{"name": "BASKET_DEBUG", "value": "true"}, {"name": "_x.y-z", "value": ""}],
                "mountPoints": [
                    {"name": "work", "path": "/var/lib/work"},
                    {"name": "config", "path": "/etc/basket", "readOnly": true}
                ],
                "ports": [
                    {"name": "health", "port": 4000, "protocol": "tcp", "count": 1, "socketActivated": true},
                    {"name": "many", "port": 5000, "protocol": "udp", "count": 100, "socketActivated": false}
                ],
                "isolators": [
                    {"name": "resource/cpu", "value": {"request": "250m", "limit": "500m"}},
                    {"name": "resource/memory", "value": {"limit": "1G"}},
                    {"name": "os/linux/capabilities-retain-set", "value": {"set": ["CAP_NET_BIND_SERVICE"]}}
                ],
                "userAnnotations": {"colour": "blue", "a b": "\u2028"},
                "userLabels": {"tier": "front"}
            },
            "dependencies": [
                {
                    "imageName": "example.com/base",
                    "imageID": "sha512-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                    "labels": [{"name": "os", "value": "linux"}],
                    "size": 22017258
                },
                {"imageName": "example.com/other"}
            ],
            "pathWhitelist": ["/etc/basket/basket.conf", "/usr/bin/basket"],
            "annotations": [
                {"name": "authors", "value": "Ann <ann@example.com>"},
                {"name": "created", "value": "2014-10-27T19:32:27.67021798Z"},
                {"name": "documentation", "value": "https://example.com/docs"},
                {"name": "homepage", "value": "http://example.com"}
            ]
        }
        """#

    static let minimal = #"{"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/a"}"#
    static let withApp = #"""
        {"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/a",
        "app":{"exec":["/a"],"user":"0","group":"0"}}
        """#

    @Test(arguments: [complete, minimal, withApp])
    func `manifests survive the way through`(text: String) throws {
        let json = try JSONValue(parsing: text)
        let manifest = try ImageManifest(json: json)
        #expect(manifest.json == json)
        #expect(try ImageManifest(parsing: Array(manifest.json.serialized().utf8)) == manifest)
    }

    @Test func `empty collections are not written and the order is that of rkt`() throws {
        #expect(try ImageManifest(parsing: Array(Self.minimal.utf8)).json.serialized() == Self.minimal)
        #expect(
            try ImageManifest(parsing: Array(Self.withApp.utf8)).json.serialized()
                == Self.withApp.replacing("\n", with: ""))
        let keys = try ImageManifest(parsing: Array(Self.complete.utf8)).json.object?.keys
        #expect(
            keys == [
                "acKind", "acVersion", "name", "labels", "app", "annotations", "dependencies", "pathWhitelist",
            ])
    }

    @Test func `what is not known is ignored`() throws {
        let text = Self.minimal.replacing("{\"acKind", with: "{\"x\":{\"y\":[1.5]},\"acKind")
        #expect(try ImageManifest(parsing: Array(text.utf8)).json.serialized() == Self.minimal)
    }

    /// Each changes one thing of a valid manifest.
    @Test(arguments: [
        (
            #""acKind":"ImageManifest""#, #""acKind":"PodManifest""#,
            "acKind: bad ACKind: PodManifest (must be ImageManifest)"
        ),
        (#""acKind":"ImageManifest","#, "", "acKind: must be set"),
        (#""0.8.11""#, #""0.0.0""#, "acVersion: a version cannot be zero"),
        (#""0.8.11""#, "8", "acVersion: must be a string, not a number"),
        (
            #""example.com/a""#, #""Example.com/a""#,
            "name: identifier 'Example.com/a' contains 'E'; only a-z, 0-9 and -._~/ are allowed"
        ),
        (#""exec":["/a"]"#, #""exec":["/a\u0000b"]"#, "app.exec: must not contain a NUL byte"),
        (#""exec":["/a"]"#, #""exec":"/a""#, "app.exec: must be an array, not a string"),
        (#""user":"0","#, "", "app.user: user cannot be empty"),
        (#","group":"0""#, "", "app.group: group cannot be empty"),
        (#""group":"0""#, #""group":"0","workingDirectory":"x""#, "app.workingDirectory: 'x' must be an absolute path"),
        (
            #""group":"0""#, #""group":"0","supplementaryGIDs":[4294967296]"#,
            "app.supplementaryGIDs[0]: 4294967296 is out of range or no integer"
        ),
        (
            #""group":"0""#, #""group":"0","environment":[{"name":"1A","value":""}]"#,
            "app.environment[0]: variable name '1A' must be letters, digits and _.- and start with a letter or underscore"
        ),
        (
            #""group":"0""#, #""group":"0","environment":[{"name":"A=B","value":""}]"#,
            "app.environment[0]: variable name 'A=B' must be letters, digits and _.- and start with a letter or underscore"
        ),
        (
            #""group":"0""#, #""group":"0","environment":[{"name":"A","value":""},{"name":"A","value":"b"}]"#,
            "app.environment: duplicate environment variable 'A'"
        ),
        (
            #""group":"0""#, #""group":"0","eventHandlers":[{"name":"start","exec":[]}]"#,
            "app.eventHandlers[0]: bad eventHandler name \"start\" (must be pre-start or post-stop)"
        ),
        (
            #""group":"0""#,
            #""group":"0","eventHandlers":[{"name":"pre-start","exec":[]},{"name":"pre-start","exec":[]}]"#,
            "app.eventHandlers: duplicate eventHandler 'pre-start'"
        ),
        (
            #""group":"0""#, #""group":"0","mountPoints":[{"name":"a","path":""}]"#,
            "app.mountPoints[0].path: path cannot be empty"
        ),
        (
            #""group":"0""#, #""group":"0","mountPoints":[{"name":"A","path":"/"}]"#,
            "app.mountPoints[0].name: name 'A' contains 'A'; only a-z, 0-9 and - are allowed"
        ),
        (
            #""group":"0""#, #""group":"0","ports":[{"name":"a","protocol":"tcp","port":0}]"#,
            "app.ports[0]: ports must be in the range 1 to 65535"
        ),
        (
            #""group":"0""#, #""group":"0","ports":[{"name":"a","protocol":"tcp","port":65536}]"#,
            "app.ports[0]: ports must be in the range 1 to 65535"
        ),
        (
            #""group":"0""#, #""group":"0","ports":[{"name":"a","protocol":"tcp","port":65535,"count":2}]"#,
            "app.ports[0]: ports must be in the range 1 to 65535"
        ),
        (
            #""group":"0""#, #""group":"0","ports":[{"name":"a","protocol":"tcp","port":1,"count":4294967295}]"#,
            "app.ports[0]: ports must be in the range 1 to 65535"
        ),
        (#""group":"0""#, #""group":"0","isolators":[{"name":"x"}]"#, "app.isolators[0]: invalid isolator 'x'"),
        (
            #""group":"0""#,
            #""group":"0","isolators":[{"name":"os/linux/seccomp-retain-set","value":{"set":["a"]}},{"name":"os/linux/seccomp-remove-set","value":{"set":["a"]}}]"#,
            "app.isolators: isolators set contains incompatible types"
        ),
        (#""group":"0""#, #""group":"0","userLabels":{"a":1}"#, "app.userLabels.a: must be a string, not a number"),
        (#""app":{"#, #""labels":[{"name":"name","value":"x"}],"app":{"#, "labels: \"name\" is not a valid label name"),
        (
            #""app":{"#, #""labels":[{"name":"a","value":"x"},{"name":"a","value":"y"}],"app":{"#,
            "labels: duplicate label 'a'"
        ),
        (
            #""app":{"#, #""labels":[{"name":"os","value":"plan9"}],"app":{"#,
            "labels: bad os \"plan9\" (must be one of: [darwin freebsd linux])"
        ),
        (
            #""app":{"#, #""labels":[{"name":"os","value":"darwin"},{"name":"arch","value":"arm"}],"app":{"#,
            "labels: bad arch \"arm\" for darwin (must be one of: [x86_64 i386])"
        ),
        (
            #""app":{"#, #""annotations":[{"name":"a","value":"x"},{"name":"a","value":"y"}],"app":{"#,
            "annotations: duplicate annotation 'a'"
        ),
        (
            #""app":{"#, #""annotations":[{"name":"created","value":"yesterday"}],"app":{"#,
            "annotations[0].value: 'yesterday' is no time of the form 2006-01-02T15:04:05Z"
        ),
        (
            #""app":{"#, #""annotations":[{"name":"homepage","value":"ftp://x"}],"app":{"#,
            "annotations[0].value: 'ftp://x' is no http or https URL"
        ),
        (
            #""app":{"#, #""annotations":[{"name":"documentation","value":"https:///x"}],"app":{"#,
            "annotations[0].value: 'https:///x' is no http or https URL"
        ),
        (#""app":{"#, #""dependencies":[{}],"app":{"#, "dependencies[0].imageName: must be set"),
        (
            #""app":{"#, #""dependencies":[{"imageName":"a","imageID":"sha512-"}],"app":{"#,
            "dependencies[0].imageID: image ID 'sha512-' must have 1 to 128 hexadecimal digits after 'sha512-'"
        ),
        (#""app":{"#, #""pathWhitelist":["etc"],"app":{"#, "pathWhitelist: 'etc' must be an absolute path"),
    ])
    func `invalid manifests say what is wrong`(old: String, new: String, message: String) {
        let text = Self.withApp.replacing(old, with: new, maxReplacements: 1)
        #expect(text != Self.withApp)
        let error = #expect(throws: JSONFieldError.self) { try ImageManifest(parsing: Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test(
        arguments: [
            ("os=linux,arch=amd64", nil),
            ("os=linux,arch=ppc64le", nil),
            ("arch=amd64", "missing os label in the image manifest"),
            ("os=linux", "missing arch label in the image manifest"),
            ("os=freebsd,arch=amd64", "bad os \"freebsd\" (must be one of: [linux])"),
            (
                "os=linux,arch=s390x",
                "bad arch \"s390x\" for linux (must be one of: "
                    + "[amd64 i386 aarch64 aarch64_be armv6l armv7l armv7b ppc64le])"
            ),
        ] as [(String, String?)])
    func `only images for this system run`(labels: String, message: String?) throws {
        let name = try ImageName(parsing: "a,\(labels)")
        var problem: String?
        do { try ImageManifest(name.name, labels: name.labels).checkRunnable() } catch { problem = "\(error)" }
        #expect(problem == message)
    }

    @Test func `no bytes make the decoder trap`() throws {
        let original = Array(Self.complete.utf8)
        var state: UInt64 = 7
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let pieces = ["-1", "99999999999999999999", "null", "{}", "[]", "\"\"", "true", "1e400", "\"\\u0000\""].map {
            Array($0.utf8)
        }
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0...random(below: 3) {
                let place = random(below: bytes.count)
                switch random(below: 3) {
                case 0: bytes[place] = UInt8(random(below: 256))
                case 1: bytes.remove(at: place)
                default:
                    bytes.replaceSubrange(
                        place..<min(place + random(below: 9), bytes.count), with: pieces[random(below: 9)])
                }
            }
            guard let manifest = try? ImageManifest(parsing: bytes) else { continue }
            accepted += 1
            #expect((try? ImageManifest(json: manifest.json)) == manifest)
        }
        #expect(accepted > 100)
    }
}
