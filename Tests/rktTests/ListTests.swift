import AppContainer
import JSON
import LinuxSystem
import Pods
import SystemPackage
import Testing

@testable import rkt

/// A data directory that lives as long as a test.
final class DataDirectoryFixture {
    let path: FilePath
    var store: PodStore { PodStore(dataDirectory: path) }

    init() throws {
        path = FilePath("/tmp/rkt-list-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(path, mode: 0o700)
    }

    deinit { try? removeTree(path) }  // below /tmp, and the test is over

    func rkt(_ words: String...) -> Outcome { Outcome(["--dir", path.string] + words) }

    /// A pod with these apps, in the state prepared.
    func preparedPod(_ apps: [(name: String, image: String, version: String?)]) throws -> PodID {
        let pod = try store.create()
        let entries = apps.map { app in
            let labels = app.version.map { #"[{"name":"version","value":"\#($0)"}]"# } ?? "[]"
            let image = #"{"name":"\#(app.image)","id":"sha512-91e98d7f1679","labels":\#(labels)}"#
            return #"{"name":"\#(app.name)","image":\#(image),"app":{"exec":["/x"],"user":"0","group":"0"}}"#
        }
        let manifest = #"{"acVersion":"2.0.0","acKind":"PodManifest","apps":[\#(entries.joined(separator: ","))]}"#
        try pod.descriptor.createFile(Array(manifest.utf8), name: PodFile.manifest, mode: 0o640)
        try pod.descriptor.createFile([], name: PodFile.created, mode: 0o640)
        try pod.finishPreparing()
        return pod.id
    }
}

@Suite struct ListTests {
    private let header = "UUID\tAPP\tIMAGE NAME\tSTATE\tCREATED\tSTARTED\tNETWORKS\n"

    @Test func `no pods are a header, an empty line or null`() throws {
        let fixture = try DataDirectoryFixture()
        #expect(fixture.rkt("list").output == header)
        #expect(fixture.rkt("list", "--no-legend").output == "\n")
        #expect(fixture.rkt("list", "--format=json").output == "null\n")
    }

    @Test func `further apps of a pod leave out what is said of the pod`() throws {
        let fixture = try DataDirectoryFixture()
        let id = try fixture.preparedPod([("redis", "example.com/redis", "3.2"), ("etcd", "coreos.com/etcd", nil)])
        let lines = fixture.rkt("list", "--no-legend").output.split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(
            lines == [
                ["\(id)".prefix(8), "redis", "example.com/redis:3.2", "prepared", "now"], ["etcd", "coreos.com/etcd"],
            ])
    }

    @Test func `the long form has whole UUIDs and image IDs`() throws {
        let fixture = try DataDirectoryFixture()
        let id = try fixture.preparedPod([("redis", "example.com/redis", nil)])
        let words = fixture.rkt("list", "--no-legend", "--full").output.split(separator: "\t")
        #expect(words[0] == "\(id)")
        #expect(words[3] == "sha512-91e98d7f1679")
    }

    @Test func `a pod being prepared has no app, and none in JSON`() throws {
        let fixture = try DataDirectoryFixture()
        let pod = try fixture.store.create()
        let line = fixture.rkt("list", "--no-legend").output
        #expect(line.split(separator: "\t") == ["\("\(pod.id)".prefix(8))", "-", "-", "preparing", "\n"])
        let json = fixture.rkt("list", "--format=json")
        #expect(json.status == 0)
        #expect(json.output == "null\n")
        #expect(json.errorOutput.hasPrefix("list: 1 error(s) encountered when listing pods:\nlist: ---"))
        #expect(json.errorOutput.contains("invalid creation time"))
    }

    @Test func `a pod that cannot be read hides no other`() throws {
        let fixture = try DataDirectoryFixture()
        _ = try fixture.preparedPod([("redis", "example.com/redis", nil)])
        let broken = try fixture.preparedPod([])
        let file = fixture.path.appending("pods/prepared/\(broken)/pod")
        try writeFile(Array("{".utf8), to: file, mode: 0o640, durable: false)
        let outcome = fixture.rkt("list", "--no-legend")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("example.com/redis"))
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(lines.contains(["\(broken)".prefix(8), "-", "-", "prepared", "now"]))
        #expect(outcome.errorOutput.contains("list: cannot read the manifest of pod \"\(broken)\": "))
    }

    @Test func `JSON has times in seconds and leaves out what is empty`() throws {
        let fixture = try DataDirectoryFixture()
        let id = try fixture.preparedPod([("redis", "example.com/redis", nil)])
        let json = try JSONValue(parsing: fixture.rkt("list", "--format=json").output)
        let pod = try #require(json[0]?.object)
        #expect(pod.keys == ["name", "state", "app_names", "apps", "created_at"])
        #expect(pod["name"] == .string("\(id)"))
        #expect(pod["state"] == "prepared")
        #expect(pod["apps"]?[0]?["state"] == "created")
        let seconds = try #require(pod["created_at"]?.number?.int64)
        #expect(abs(seconds - now() / 1_000_000_000) < 60)
        #expect(pod["apps"]?[0]?["created_at"]?.number?.int64.map { $0 / 1_000_000_000 } == seconds)
    }

    @Test func `status has a line for each thing that is known`() throws {
        let fixture = try DataDirectoryFixture()
        let id = try fixture.preparedPod([("redis", "example.com/redis", nil)])
        let outcome = fixture.rkt("status", String("\(id)".prefix(6)))
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").map { $0.prefix { $0 != "=" } } == ["state", "created"])
        #expect(outcome.output.hasPrefix("state=prepared\n"))
    }

    @Test func `a UUID can come from a file, and then not from the arguments`() throws {
        let fixture = try DataDirectoryFixture()
        let id = try fixture.preparedPod([("redis", "example.com/redis", nil)])
        let file = fixture.path.appending("uuid")
        try writeFile(Array(" \(id)\n".utf8), to: file, mode: 0o600, durable: false)
        #expect(fixture.rkt("status", "--uuid-file=\(file)").status == 0)
        #expect(fixture.rkt("status", "--uuid-file=\(file)", "\(id)").output.hasPrefix("NAME:"))
        let missing = fixture.rkt("status", "--uuid-file=/no/such/file")
        #expect(missing.status == 1)
        #expect(missing.errorOutput.hasPrefix("status: unable to read UUID from file: "))
    }

    @Test(arguments: [
        ("", "UUID cannot be empty"), ("ffffffff-0000", "no matches found for \"ffffffff-0000\""),
    ])
    func `a UUID that means nothing is told`(uuid: String, reason: String) throws {
        let fixture = try DataDirectoryFixture()
        let outcome = fixture.rkt("status", uuid)
        #expect(outcome.status == 254)
        #expect(outcome.errorOutput == "status: unable to get pod: \(reason)\n")
    }

    @Test func `a data directory that is a file is refused`() throws {
        let fixture = try DataDirectoryFixture()
        let file = fixture.path.appending("file")
        try writeFile([], to: file, mode: 0o600, durable: false)
        let outcome = Outcome("list", "--dir", file.string)
        #expect(outcome.status == 254)
        #expect(outcome.errorOutput == "list: data directory \"\(file)\" is not a directory\n")
    }
}

@Suite struct ImageTableTests {
    private let rows = [
        ImageRow(
            id: "sha512-91e98d7f16790000", name: "coreos.com/etcd:v2.0.9", importTime: 0,
            lastUsed: 1_700_000_000_000_000_000, size: 12 << 20)
    ]

    @Test func `columns stand in the order asked for`() {
        var options = Options()
        options.fields = [.size, .name, .id]
        #expect(
            imageTable(rows, options, now: 0)
                == "SIZE\tNAME\t\t\tID\n12MiB\tcoreos.com/etcd:v2.0.9\tsha512-91e98d7f1679\n")
    }

    @Test func `the keys that vouched come last, with --full or when they are asked for`() {
        var row = rows[0]
        row.signers = ["8b86de38890ddb7291867b025210bd8888182190", "00000000000000000000000000000000000000ff"]
        var options = Options()
        options.hasLegend = false
        #expect(!imageTable([row], options, now: 0).contains("88182190"))
        options.isFull = true
        let cells = imageTable(rows + [row], options, now: 0).split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(cells[0].last == "-")
        #expect(cells[1].count == 6)
        #expect(cells[1].last.map(String.init) == row.signers.joined(separator: ","))
        options.isFull = false
        options.fields = [.signedBy]
        #expect(imageTable([row], options, now: 0) == "5210bd8888182190,00000000000000ff\n")
    }

    @Test func `JSON says who vouched and what was not checked`() {
        var row = rows[0]
        #expect(row.json["signed_by"] == .array([]))
        row.signers = ["8b86"]
        row.insecureOptions = ["http", "tls"]
        #expect(row.json["signed_by"] == .array(["8b86"]))
        #expect(row.json["insecure_options"] == .array(["http", "tls"]))
    }

    @Test func `sorting goes in one direction for all fields`() {
        func row(_ id: String, _ name: String, _ size: UInt64) -> ImageRow {
            ImageRow(id: id, name: name, importTime: 0, lastUsed: 0, size: size)
        }
        let rows = [row("1", "a", 1), row("2", "b", 1), row("3", "a", 2)]
        let sorted = rows.sorted { ImageRow.isInOrder($0, $1, by: [.name, .size], descending: true) }
        #expect(sorted.map(\.id) == ["2", "3", "1"])
    }

    @Test(arguments: [
        (["--order=up"], "invalid argument \"up\" for --order=up: wrong sort order"),
        (["--sort=id"], "invalid argument \"id\" for --sort=id: unknown option \"id\""),
        (["--format=xml"], "invalid argument \"xml\" for --format=xml: Invalid format option: xml"),
        (["--fields=id,id"], "invalid argument \"id,id\" for --fields=id,id: duplicated option \"id\""),
    ])
    func `wrong values are told in the words of the original`(words: [String], expected: String) {
        #expect(message { _ = try parse(imageListCommand, words) } == expected)
    }
}

@Suite struct NetworkArgumentTests {
    @Test func `stage1-ns has the host's network or none`() throws {
        let name = "coreos.com/rkt/stage1-ns"
        var said: [String] = []
        #expect(try networkArgument([], stage1: name) { said.append($0) } == "none")
        #expect(said.count == 1)
        #expect(try networkArgument(["host"], stage1: name) { said.append($0) } == "host")
        #expect(said.count == 1)
        for other in [["default"], ["a", "b"], ["none", "host"]] {
            #expect(throws: Failure.self) { try networkArgument(other, stage1: name) { _ in } }
        }
    }

    @Test func `every other stage1 gets what the user wrote`() throws {
        let name = "coreos.com/rkt/stage1-fly"
        #expect(try networkArgument([], stage1: name) { _ in Issue.record() } == "default")
        #expect(try networkArgument(["a:IP=1", "b"], stage1: name) { _ in Issue.record() } == "a:IP=1,b")
    }
}

@Suite struct ErrorTextTests {
    private let failure = Failure("running", cause: Failure("rendering", cause: Failure("disk full")))

    @Test func `the first message and the innermost cause are shown`() {
        #expect(errorText(failure, showsChain: false) == "running: disk full")
    }

    @Test func `with debugging all that lies between is shown too`() {
        #expect(errorText(failure, showsChain: true) == "running\n  └─rendering\n    └─disk full")
    }
}
