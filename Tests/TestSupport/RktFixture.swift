import Glibc
package import SystemPackage
package import Testing

/// An installed `rkt` with a data directory and configuration of its own, for one test.
///
/// `RktFixture.with { rkt throws in … }` removes everything at the end, and fails the test when a mount, a cgroup or a process
/// is left that was not there before.
package final class RktFixture {
    package let program: FilePath
    /// Everything of this test; `data` and the configuration are below it.
    package let directory: FilePath
    package let dataDirectory: FilePath
    package var localConfiguration: FilePath { directory.appending("etc") }
    package var systemConfiguration: FilePath { directory.appending("lib") }

    /// Where `rkt` runs, unless it is here.
    package var server: ImageServer?

    private var cleanUps: [() -> Void] = []
    private var imageCount = 0
    /// Every pod that was ever seen, also when it was collected meanwhile.
    private var knownPods: Set<String> = []

    private init(_ directory: FilePath, data: FilePath?) throws {
        self.directory = directory
        dataDirectory = data ?? directory.appending("data")
        program = try Programs.rkt()
        for path in [localConfiguration, systemConfiguration] { try makeDirectories(path) }
    }

    /// Runs `body` with a fresh fixture.
    ///
    /// Fixtures that name a `store` have their data directory together until the end of the test program, for images that are
    /// large to fetch; they leave no pods there.
    package static func with(
        store: String? = nil, location: SourceLocation = #_sourceLocation, _ body: (RktFixture) throws -> Void
    ) throws {
        HostState.adoptOrphans()
        let directory = try TemporaryDirectory("rkt")
        let before = HostState.now()
        let fixture = try RktFixture(directory.path, data: store.map { try RunDirectory.make("store-\($0)") })
        defer {
            for cleanUp in fixture.cleanUps.reversed() { cleanUp() }
            for leftover in before.leftovers(marks: fixture.podIDs + Array(fixture.knownPods)) {
                Issue.record(Comment(rawValue: leftover), sourceLocation: location)
            }
            before.killNewProcesses()
            withExtendedLifetime(directory) {}
        }
        try body(fixture)
    }

    /// Does `action` at the end of the test; what was added last is done first.
    package func atEnd(_ action: @escaping () -> Void) { cleanUps.append(action) }

    // Running rkt

    package var globalFlags: [String] {
        [
            "--dir=\(dataDirectory)", "--system-config=\(systemConfiguration)", "--local-config=\(localConfiguration)",
        ]
    }

    /// `rkt` with the directories of this fixture, and these arguments.
    package func command(_ arguments: [String]) -> Command {
        let command = Command(program, globalFlags + arguments)
        return server?.inside(command) ?? command
    }

    @discardableResult
    package func callAsFunction(_ arguments: String..., limit: Duration = .seconds(60)) throws -> CommandResult {
        try self(arguments, limit: limit)
    }

    @discardableResult
    package func callAsFunction(_ arguments: [String], limit: Duration = .seconds(60)) throws -> CommandResult {
        var command = command(arguments)
        command.timeLimit = limit
        let running = try command.start()
        defer { knownPods.formUnion(podIDs) }
        knownPods.formUnion(podIDs)
        return running.wait()
    }

    /// Starts `rkt` and returns at once; killed at the end of the test if it still runs.
    package func start(_ arguments: [String]) throws -> RunningCommand {
        let running = try command(arguments).start()
        atEnd {
            if running.isRunning { running.killAll() }
            running.wait(.seconds(10))
        }
        return running
    }

    // Images

    /// Writes an image into the fixture's directory; its path.
    package func write(_ builder: ACIBuilder, _ packing: Packing = .plain, name: String? = nil) throws -> FilePath {
        imageCount += 1
        return try builder.write(to: directory.appending(name ?? "image-\(imageCount).aci"), packing)
    }

    /// Writes and fetches an image; its full ID.
    @discardableResult
    package func fetch(_ builder: ACIBuilder) throws -> String {
        try fetch(write(builder))
    }

    @discardableResult
    package func fetch(_ path: FilePath) throws -> String {
        try self("fetch", "--full", "--insecure-options=image", path.string).succeeded().text
    }

    /// The ID of the standard probe image in this fixture's store.
    @discardableResult
    package func probeImage() throws -> String {
        if let known = probeID { return known }
        let id = try fetch(Self.probe)
        probeID = id
        return id
    }
    private var probeID: String?

    /// The probe as an image `example.com/inspect`: the program, a passwd and a group file, no directories for mounts.
    package static var probe: ACIBuilder {
        get throws { try probe("example.com/inspect") }
    }

    package static func probe(_ name: String) throws -> ACIBuilder {
        ACIBuilder(name: name).file("/inspect", from: try Programs.inspect())
            .directory("/etc")
            .file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:web:/srv:/bin/sh\n")
            .file("/etc/group", "root:x:0:\nweb:x:1001:\nlogs:x:1002:web\n")
            .app(exec: ["/inspect"])
    }

    // Pods

    /// Arguments for a pod with one app: flavor, quiet network, options before the image, options after it, arguments.
    package func podArguments(
        _ flavor: Flavor, image: String, options: [String] = [], appOptions: [String] = [], _ arguments: [String] = []
    ) -> [String] {
        ["run", "--insecure-options=image"] + flavor.selection
            + (options.contains { $0.hasPrefix("--net") } ? [] : [flavor.network]) + options + [image] + appOptions
            + (arguments.isEmpty ? [] : ["--"] + arguments)
    }

    /// Runs a pod with one app to its end.
    @discardableResult
    package func run(
        _ flavor: Flavor = .ns, image: String, options: [String] = [], appOptions: [String] = [],
        _ arguments: [String] = [], limit: Duration = .seconds(60)
    ) throws -> CommandResult {
        try self(podArguments(flavor, image: image, options: options, appOptions: appOptions, arguments), limit: limit)
    }

    /// Asks the probe in a pod; `questions` are its commands in one line.
    ///
    /// Fails when the pod does.
    @discardableResult
    package func ask(
        _ flavor: Flavor, _ questions: String, options: [String] = [], appOptions: [String] = [],
        image: String? = nil, location: SourceLocation = #_sourceLocation
    ) throws -> Facts {
        let words = questions.split(separator: " ").map(String.init)
        let result = try run(
            flavor, image: image ?? probeImage(), options: options, appOptions: appOptions, words)
        return Facts(try result.succeeded(location).output)
    }

    /// The same with stage1-ns.
    @discardableResult
    package func ask(
        _ questions: String, options: [String] = [], appOptions: [String] = [], image: String? = nil,
        location: SourceLocation = #_sourceLocation
    ) throws -> Facts {
        try ask(.ns, questions, options: options, appOptions: appOptions, image: image, location: location)
    }

    /// Starts a pod with the probe waiting for a signal, and returns when it waits: the program, and the pod's UUID.
    package func startWaitingPod(
        _ flavor: Flavor = .ns, options: [String] = [], appOptions: [String] = [], questions: String = "",
        image: String? = nil
    ) throws -> (RunningCommand, uuid: String) {
        imageCount += 1
        let file = directory.appending("uuid-\(imageCount)")
        let words = (questions.isEmpty ? "" : questions + " + ") + "wait 120"
        let running = try start(
            podArguments(
                flavor, image: image ?? probeImage(), options: ["--uuid-file-save=\(file)"] + options,
                appOptions: appOptions, words.split(separator: " ").map(String.init)))
        try running.waitForOutput("waiting=")
        return (running, try readText(file))
    }

    /// UUIDs of all pods in the data directory, whatever their state.
    package var podIDs: [String] {
        var found: [String] = []
        for state in ["embryo", "prepare", "prepared", "run", "exited-garbage", "garbage"] {
            found += (try? entries(of: dataDirectory.appending("pods/\(state)"))) ?? []  // not there yet
        }
        return found
    }

    /// The UUID of the pod, where there is just one.
    package func onlyPod() throws -> String {
        let all = podIDs
        guard let uuid = all.first, all.count == 1 else { throw Trouble("pods: \(all)") }
        return uuid
    }

    /// The directory of a pod, in whatever state it is.
    package func podDirectory(_ uuid: String) throws -> FilePath {
        for state in ["embryo", "prepare", "prepared", "run", "exited-garbage", "garbage"] {
            let path = dataDirectory.appending("pods/\(state)/\(uuid)")
            if exists(path) { return path }
        }
        throw Trouble("no directory for pod \(uuid)")
    }

    /// Lets gc clear everything, whatever the age; it must succeed and leave no pod.
    package func collectGarbage(location: SourceLocation = #_sourceLocation) throws {
        try self("gc", "--grace-period=0s", "--expire-prepared=0s").succeeded(location)
        let left = podIDs
        if !left.isEmpty { Issue.record("gc left pods: \(left)", sourceLocation: location) }
    }
}

extension CommandResult {
    /// This result, when the status was 0; fails the test otherwise.
    @discardableResult
    package func succeeded(_ location: SourceLocation = #_sourceLocation) throws -> CommandResult {
        if status == 0 { return self }
        Issue.record("\(self)", sourceLocation: location)
        throw Trouble("the command above failed")
    }

    /// Records a failure unless the command was refused: status 254, and `sentence` in one of the lines on stderr.
    @discardableResult
    package func refused(
        _ sentence: String = "", status expected: Int32 = 254, _ location: SourceLocation = #_sourceLocation
    ) -> CommandResult {
        if status != expected {
            Issue.record("expected status \(expected)\n\(self)", sourceLocation: location)
        } else if !errors.contains(sentence) || errors.isEmpty {
            Issue.record("expected '\(sentence)' on stderr\n\(self)", sourceLocation: location)
        }
        return self
    }
}
