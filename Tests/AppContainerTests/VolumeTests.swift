import AppContainer
import JSON
import Testing

@Suite struct VolumeTests {
    @Test(arguments: [
        ("data,kind=host,source=/srv", #"{"name":"data","kind":"host","source":"/srv"}"#),
        (
            "data,kind=host,source=/a b&c=d%20;e?,readOnly=true,recursive=F",
            #"{"name":"data","kind":"host","source":"/a b&c=d%20;e?","readOnly":true,"recursive":false}"#
        ),
        ("t,kind=empty", #"{"name":"t","kind":"empty","mode":"0755","uid":0,"gid":0}"#),
        (
            "t,kind=empty,mode=1777,uid=5,gid=6,readOnly=0",
            #"{"name":"t","kind":"empty","readOnly":false,"mode":"1777","uid":5,"gid":6}"#
        ),
    ])
    func `flags become volumes`(flag: String, json: String) throws {
        let volume = try Volume(parsingFlag: flag)
        #expect(try volume.json == JSONValue(parsing: json))
        #expect(try Volume(json: JSONValue(parsing: json)) == volume)
    }

    @Test(arguments: [
        ("", "a name cannot be empty"),
        ("data", "unrecognized volume kind: should be one of \"empty\", \"host\""),
        ("data,kind=nfs", "unrecognized volume kind: should be one of \"empty\", \"host\""),
        ("Data,kind=empty", "name 'Data' contains 'D'; only a-z, 0-9 and - are allowed"),
        ("data,kind=host", "source for host volume must be absolute path"),
        ("data,kind=host,source=srv", "source for host volume must be absolute path"),
        ("data,kind=empty,source=/srv", "source for empty volume must be empty"),
        ("data,kind=host,source=/srv,mode=0755", "mode for host volume cannot be set"),
        ("data,kind=host,source=/srv,uid=0", "uid for host volume cannot be set"),
        ("data,kind=host,source=/srv,gid=0", "gid for host volume cannot be set"),
        ("data,kind", "malformed string \"name=data,kind\" - has a label without a value: kind"),
        (
            "data,kind=host,source=/a,b",
            "malformed string \"name=data,kind=host,source=/a,b\" - has a label without a value: b"
        ),
        ("data,kind=empty,size=1", "unknown volume parameter \"size\""),
        ("data,kind=host,kind=empty", "label kind with multiple values [\"host\" \"empty\"]"),
        ("data,kind=empty,readOnly=yes", "readOnly must be a boolean, not 'yes'"),
        ("data,kind=empty,uid=-1", "uid must be an integer from 0 to 4294967294"),
        ("data,kind=empty,gid=4294967296", "gid must be an integer from 0 to 4294967294"),
        ("data,kind=empty,gid=4294967295", "gid must be an integer from 0 to 4294967294"),
        ("data,kind=empty,mode=0999", "invalid mode \"0999\" for volume \"data\""),
        ("data,kind=empty,mode=10000", "invalid mode \"10000\" for volume \"data\""),
    ])
    func `flags that make no volume say why`(flag: String, message: String) {
        let error = #expect(throws: (any Error).self) { try Volume(parsingFlag: flag) }
        #expect(error.map { "\($0)" } == message)
    }

    @Test(arguments: [
        (#"{"name":"d","kind":"host","source":"/a","uid":1}"#, "uid for host volume cannot be set"),
        (#"{"name":"d","kind":"host","source":"/a\u0000b"}"#, "must not contain a NUL byte"),
        (#"{"name":"d","kind":"empty","uid":-1}"#, "uid: -1 is out of range or no integer"),
        (#"{"name":"d","kind":"empty","uid":4294967295}"#, "uid must be an integer from 0 to 4294967294"),
        (#"{"kind":"empty"}"#, "name: must be set"),
        (#"{"name":"d","kind":"empty","readOnly":"true"}"#, "readOnly: must be a boolean, not a string"),
    ])
    func `documents that hold no volume say why`(json: String, message: String) {
        let error = #expect(throws: (any Error).self) { try Volume(json: JSONValue(parsing: json)) }
        #expect(error.map { "\($0)" } == message)
    }

    @Test func `the mode is octal`() throws {
        #expect(try Volume(parsingFlag: "t,kind=empty,mode=01777").permissions == 0o1777)
        #expect(try Volume(parsingFlag: "t,kind=host,source=/").permissions == nil)
    }
}

@Suite struct MountTests {
    @Test func `flags become mounts`() throws {
        let mount = try Mount(parsingFlag: "target=/var/lib=x,volume=data")
        #expect(mount.volume.rawValue == "data")
        #expect(mount.path == "/var/lib=x")
        #expect(mount.json.serialized() == #"{"volume":"data","path":"/var/lib=x"}"#)
    }

    @Test(arguments: [
        ("volume=a,target=/b,mode=1", "unknown mount parameter \"mode\""),
        ("volume=a,volume=b,target=/b", "label volume with multiple values [\"a\" \"b\"]"),
        ("volume=a", "path cannot be empty"),
        ("a", "malformed string \"a\" - has a label without a value: a"),
        (
            "volume=A,target=/b",
            "invalid volume name \"A\" in --mount flag \"volume=A,target=/b\": "
                + "name 'A' contains 'A'; only a-z, 0-9 and - are allowed"
        ),
    ])
    func `flags that make no mount say why`(flag: String, message: String) {
        let error = #expect(throws: (any Error).self) { try Mount(parsingFlag: flag) }
        #expect(error.map { "\($0)" } == message)
    }
}

@Suite struct ExposedPortTests {
    @Test(arguments: [
        ("http:8080", #"{"name":"http","hostPort":8080}"#),
        ("http:127.0.0.1:8080", #"{"name":"http","hostPort":8080,"hostIP":"127.0.0.1"}"#),
        ("http:0", #"{"name":"http","hostPort":0}"#),
    ])
    func `flags become ports`(flag: String, json: String) throws {
        #expect(try ExposedPort(parsingFlag: flag).json.serialized() == json)
        #expect(try ExposedPort(json: JSONValue(parsing: json)) == ExposedPort(parsingFlag: flag))
    }

    @Test(arguments: [
        ("http", "\"http\" is not in name:[ip:]port format"),
        ("Http:80", "\"Http\" is not a valid port name"),
        ("http:localhost:80", "\"localhost\" is not a valid IP"),
        ("http:65536", "\"65536\" is not a valid port number"),
        ("http:-1", "\"-1\" is not a valid port number"),
        ("http:127.0.0.1:x", "\"127.0.0.1\" is not a valid port number"),
        ("http:::1:80", "\"\" is not a valid IP"),
    ])
    func `flags that make no port say why`(flag: String, message: String) {
        let error = #expect(throws: ManifestError.self) { try ExposedPort(parsingFlag: flag) }
        #expect(error?.description == message)
    }
}
