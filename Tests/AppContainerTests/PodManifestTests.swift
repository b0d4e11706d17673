import AppContainer
import JSON
import Testing

@Suite struct PodManifestTests {
    /// Everything a pod manifest can have.
    static let complete = #"""
        {
            "acVersion": "1.30.0",
            "acKind": "PodManifest",
            "apps": [
                {
                    "name": "basket",
                    "image": {
                        "name": "example.com/shop/basket",
                        "id": "sha512-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                        "labels": [{"name": "version", "value": "2.4.1"}]
                    },
                    "app": {
                        "exec": ["/usr/bin/basket", "-v"],
                        "user": "0",
                        "group": "0",
                        "mountPoints": [{"name": "work", "path": "/var/lib/work"}],
                        "isolators": [{"name": "resource/memory", "value": {"limit": "1G"}}]
                    },
                    "readOnlyRootFS": true,
                    "mounts": [
                        {"volume": "work", "path": "/var/lib/work"},
                        {
                            "volume": "own",
                            "path": "/own",
                            "appVolume": {"name": "own", "kind": "host", "source": "/srv/own", "readOnly": true}
                        }
                    ],
                    "annotations": [{"name": "a", "value": "b"}]
                },
                {
                    "name": "register",
                    "image": {"id": "sha512-ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"}
                }
            ],
            "volumes": [
                {"name": "work", "kind": "host", "source": "/opt/work", "recursive": true},
                {"name": "scratch", "kind": "empty", "mode": "0700", "uid": 5, "gid": 6}
            ],
            "isolators": [{"name": "anything", "value": [1, {"x": null}]}],
            "annotations": [{"name": "coreos.com/rkt/stage1/mutable", "value": "false"}],
            "ports": [
                {"name": "health", "hostPort": 4000, "hostIP": "::1"},
                {
                    "name": "web",
                    "hostPort": 80,
                    "podPort": {"name": "web", "protocol": "tcp", "port": 8080, "count": 1, "socketActivated": false}
                }
            ],
            "userAnnotations": {"x": "y"},
            "userLabels": {"z": ""}
        }
        """#

    static let minimal =
        #"{"acVersion":"1.30.0","acKind":"PodManifest","apps":null,"volumes":null,"isolators":null,"#
        + #""annotations":null,"ports":null}"#

    @Test(arguments: [complete, minimal])
    func `manifests survive the way through`(text: String) throws {
        let json = try JSONValue(parsing: text)
        let manifest = try PodManifest(json: json)
        #expect(manifest.json == json)
        #expect(try PodManifest(parsing: Array(manifest.json.serialized(.indented("\t")).utf8)) == manifest)
    }

    @Test func `empty lists of a pod are null`() throws {
        #expect(try PodManifest(acVersion: SemVer("1.30.0")).json.serialized() == Self.minimal)
        let manifest = try PodManifest(
            parsing: Array(#"{"acVersion":"1.30.0","acKind":"PodManifest","volumes":[],"apps":[]}"#.utf8))
        #expect(manifest.json.serialized() == Self.minimal)
    }

    @Test func `apps and volumes are found by name`() throws {
        let manifest = try PodManifest(parsing: Array(Self.complete.utf8))
        #expect(try manifest[app: ACName("register")]?.app == nil)
        #expect(try manifest[app: ACName("basket")]?.mounts.last?.appVolume?.readOnly == true)
        #expect(try manifest[volume: ACName("scratch")]?.kind == .empty(mode: "0700", uid: 5, gid: 6))
        #expect(manifest.annotations["coreos.com/rkt/stage1/mutable"] == "false")
    }

    /// Each changes one thing of the complete manifest.
    @Test(arguments: [
        (#""PodManifest""#, #""ImageManifest""#, "acKind: bad ACKind: ImageManifest (must be PodManifest)"),
        (#""name": "register""#, #""name": "basket""#, "multiple apps with same name basket"),
        (
            #""name": "register""#, #""name": "../x""#,
            "apps[1].name: name '../x' contains '.'; only a-z, 0-9 and - are allowed"
        ),
        (#""name": "scratch""#, #""name": "work""#, "duplicate volume name \"work\""),
        (#""hostPort": 80,"#, #""hostPort": 65536,"#, "ports[1].hostPort: 65536 is out of range or no integer"),
        (#""::1""#, #""localhost""#, "ports[0].hostIP: 'localhost' is no IP address"),
        (#""path": "/own","#, "", "apps[0].mounts[1].path: path cannot be empty"),
        (
            #""source": "/srv/own""#, #""source": "srv""#,
            "apps[0].mounts[1].appVolume: source for host volume must be absolute path"
        ),
        (
            #""id": "sha512-ff"#, #""id": "sha256-ff"#,
            "apps[1].image.id: image ID 'sha256-ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100' does not start with 'sha512-'"
        ),
        (#""user": "0","#, "", "apps[0].app.user: user cannot be empty"),
        (
            #"{"id": "sha512-ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"}"#,
            #"{"name": "example.com/till"}"#, "apps[1]: no image ID for app \"register\""
        ),
    ])
    func `invalid manifests say what is wrong`(old: String, new: String, message: String) {
        let text = Self.complete.replacing(old, with: new, maxReplacements: 1)
        #expect(text != Self.complete)
        let error = #expect(throws: JSONFieldError.self) { try PodManifest(parsing: Array(text.utf8)) }
        #expect(error?.description == message)
    }
}
