import Glibc
import SystemPackage
import TestSupport
import Testing

extension ImageServer {
    static let template = "https://storage.example.com/{os}/{arch}/{name}-{version}.{ext}"

    /// Discovery for all names below `example.com`, and its keys.
    func announce() throws {
        try discovery(
            "example.com", images: [("example.com", Self.template)],
            keys: [("example.com", "https://example.com/pubkeys.gpg")])
        try put("example.com/pubkeys.gpg", SigningKeys.shared.publicKey(.images))
    }

    /// Puts an image where ``template`` leads, and a signature beside it; `HOST/PATH` of the image.
    @discardableResult
    func offer(
        _ rkt: RktFixture, _ builder: ACIBuilder, _ name: String, version: String = "latest",
        by signers: [SigningKeys.Signer] = [.images], _ answers: ServerAnswer...
    ) throws -> String {
        let file = try rkt.write(builder.label("version", version == "latest" ? nil : version))
        let url = "storage.example.com/linux/amd64/\(name)-\(version).aci"
        try put(url, file)
        for answer in answers { try self.answer(url, answer) }
        if !signers.isEmpty { try put("\(url).asc", SigningKeys.shared.sign(file, by: signers)) }
        return url
    }

    /// Puts an image at `HOST/PATH`, and a signature beside it; the path of the local copy.
    @discardableResult
    func put(
        _ url: String, _ rkt: RktFixture, _ builder: ACIBuilder, by signers: [SigningKeys.Signer] = [.images],
        _ packing: Packing = .plain
    ) throws -> FilePath {
        let file = try rkt.write(builder, packing)
        try put(url, file)
        if !signers.isEmpty { try put("\(url).asc", SigningKeys.shared.sign(file, by: signers)) }
        return file
    }
}

extension RktFixture {
    /// A small image that prints `hello, world`; the more bytes it has, the longer it takes.
    static func hello(_ name: String = "example.com/hello", bytes: UInt64 = 0) throws -> ACIBuilder {
        let image = ACIBuilder(name: name).directory("/bin").file("/bin/busybox", from: try Programs.find("busybox"))
            .app(exec: ["/bin/busybox", "echo", "hello, world"])
        return bytes == 0
            ? image : image.entry(TarEntry("rootfs/padding", type: "0").with { $0.content = .zeros(bytes) })
    }

    /// An image of a few kilobytes that is only there to be fetched.
    static func tiny(_ name: String = "example.com/tiny", _ content: String = "tiny") -> ACIBuilder {
        ACIBuilder(name: name).directory("/etc").file("/etc/motd", content).app(exec: ["/none"])
    }

    /// Writes a file below the local configuration directory.
    func configure(_ path: String, _ text: String) throws {
        let file = localConfiguration.appending(path)
        try makeDirectories(file.removingLastComponent())
        try writeText(text, to: file, mode: 0o600)
    }

    /// `IMAGE` as `rkt fetch --full` prints it, for an archive of whatever packing.
    func imageID(_ builder: ACIBuilder) throws -> String {
        let file = try write(builder)
        return "sha512-\(try Command("/usr/bin/sha512sum", [file.string]).run().succeeded().text.prefix(64))"
    }

    /// What an image brought to `PATH` of its root file system.
    func content(_ image: String, _ path: String) throws -> String {
        let out = directory.appending("content")
        removeTree(out)
        try self("image", "extract", "--rootfs-only", image, out.string).succeeded()
        return try readText(out.appending(path))
    }

    /// Names of the images in the store, sorted.
    func storedNames() throws -> [String] {
        try self("image", "list", "--no-legend", "--fields=name").succeeded().lines.map {
            $0.split(separator: "\t").first.map(String.init) ?? ""
        }.sorted()
    }

    /// Everything that a fetch should not leave: temporary files and downloads.
    func leftBehind() -> [String] {
        ["cas/tmp", "cas/download"].flatMap { place in
            ((try? entries(of: dataDirectory.appending(place))) ?? []).map { "\(place)/\($0)" }  // not made yet
        }
    }

    /// Runs `rkt` on a terminal where `answers` are typed, one after each question.
    func onTerminal(_ answers: [String] = [], _ arguments: [String]) throws -> CommandResult {
        let words = [program.string] + globalFlags + arguments
        let command = Command(
            Programs.packageRoot.appending("Tests/Servers/terminal.py"), answers + ["--"] + words)
        return try (server?.inside(command) ?? command).run()
    }
}

extension CommandResult {
    /// Fails the test unless the command was refused with one line that has `sentence` in it.
    @discardableResult
    func refusedInOneLine(_ sentence: String, _ location: SourceLocation = #_sourceLocation) -> CommandResult {
        refused(sentence, location)
        let complaints = errorLines.filter {
            !$0.contains("warning: ") && !$0.hasPrefix("image: ") && !$0.hasPrefix("pubkey: ")
                && !$0.hasPrefix("Downloading ")
        }
        if complaints.count != 1 {
            Issue.record("expected one line\n\(self)", sourceLocation: location)
        }
        return self
    }

    func refused(_ sentence: String, _ location: SourceLocation) { refused(sentence, status: 254, location) }
}
