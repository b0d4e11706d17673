import SystemPackage
import TestSupport
import Testing

/// A registry at `hostile.example.com` that says whatever a test wants: files of the web server.
struct HostileRegistry {
    static let host = "hostile.example.com"
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"
    static let configType = "application/vnd.oci.image.config.v1+json"
    static let layerType = "application/vnd.oci.image.layer.v1.tar"

    let rkt: RktFixture
    let server: ImageServer
    /// What `Authorization` everything here asks for, and how.
    private var guardian: (value: String, challenge: String)?

    /// For everybody: `/v2/` answers with 200.
    init(
        _ rkt: RktFixture, _ server: ImageServer, asking authorization: String? = nil, challenge: String = ""
    ) throws {
        (self.rkt, self.server) = (rkt, server)
        guardian = authorization.map { ($0, challenge) }
        try ping(guarded(.text("{}")))
    }

    private func guarded(_ answer: ServerAnswer) -> ServerAnswer {
        guardian.map { answer.authorization($0.value, challenge: $0.challenge) } ?? answer
    }

    func ping(_ answer: ServerAnswer) throws {
        try server.put("\(Self.host)/v2/index.html", text: "{}")
        try server.answer(
            "\(Self.host)/v2/index.html", answer.headers(("Docker-Distribution-API-Version", "registry/2.0")))
    }

    /// A blob under its digest, or another one.
    @discardableResult
    func blob(_ bytes: [UInt8], as digest: String? = nil, _ answers: ServerAnswer...) throws -> Blob {
        let true_ = try sha256(bytes)
        let url = "\(Self.host)/v2/app/blobs/\(digest ?? true_)"
        try server.put(url, bytes: bytes)
        for answer in answers { try server.answer(url, answer) }
        return Blob(digest: digest ?? true_, size: "\(bytes.count)")
    }

    func sha256(_ bytes: [UInt8]) throws -> String {
        let file = rkt.directory.appending("blob")
        try writeBytes(bytes, to: file)
        return "sha256:\(try Command("/usr/bin/sha256sum", [file.string]).run().succeeded().text.prefix(64))"
    }

    /// What a descriptor says; a test changes a word of it.
    struct Blob {
        var digest: String
        var size: String
        var more = ""
        /// Of a layer without its packing.
        var diffID = ""

        func descriptor(_ mediaType: String) -> String {
            "{\"mediaType\": \"\(mediaType)\", \"digest\": \"\(digest)\", \"size\": \(size)\(more)}"
        }
    }

    /// A layer with these entries.
    func layer(_ entries: [TarEntry], _ packing: Packing = .plain) throws -> Blob {
        let file = rkt.directory.appending("layer.tar")
        try TarFile.write(entries, to: file)
        let diffID = try sha256(readBytes(file))
        try packing.apply(to: file)
        var layer = try blob(readBytes(file))
        layer.diffID = diffID
        return layer
    }

    /// A configuration for these layers, and the text of a manifest with both.
    func manifestText(_ layers: [Blob], layerType: String = Self.layerType) throws -> String {
        try manifestText(config: config(for: layers), layers: layers, layerType: layerType)
    }

    func config(for layers: [Blob], members: String = "\"config\": {\"Cmd\": [\"/bin/true\"]}") throws -> Blob {
        let digests = layers.map { "\"\($0.diffID.isEmpty ? $0.digest : $0.diffID)\"" }.joined(separator: ", ")
        return try config(
            """
            {"architecture": "amd64", "os": "linux", \(members), "rootfs": {"type": "layers", "diff_ids": [\(digests)]}}
            """)
    }

    func config(_ text: String) throws -> Blob { try blob(Array(text.utf8)) }

    func manifestText(config: Blob, layers: [Blob], layerType: String = Self.layerType) -> String {
        """
        {"schemaVersion": 2, "mediaType": "\(Self.manifestType)", "config": \(config.descriptor(Self.configType)),
         "layers": [\(layers.map { $0.descriptor(layerType) }.joined(separator: ", "))]}
        """
    }

    /// Puts a manifest or index under a tag, and under its digest.
    @discardableResult
    func document(
        _ text: String, tag: String = "latest", type: String = Self.manifestType, _ answer: ServerAnswer = .file
    ) throws -> Blob {
        let digest = try sha256(Array(text.utf8))
        for reference in [tag, digest] {
            let url = "\(Self.host)/v2/app/manifests/\(reference)"
            try server.put(url, text: text)
            try server.answer(url, guarded(answer).headers(("Content-Type", type)))
        }
        return Blob(digest: digest, size: "\(text.utf8.count)")
    }

    /// A good image of one small layer.
    @discardableResult
    func image(_ entries: [TarEntry] = [.directory("etc"), .file("etc/motd", "hello")]) throws -> Blob {
        try document(manifestText([layer(entries)]))
    }

    func fetch(_ options: [String] = [], limit: Duration = .seconds(60)) throws -> (CommandResult, UInt64) {
        try rkt.peakMemory(
            ["fetch", "--full", "--insecure-options=image"] + options + ["docker://\(Self.host)/app"], limit: limit)
    }

    /// It is refused as everything hostile is: one line, little memory, soon, and nothing is left.
    func expectRefusal(
        _ sentence: String = "", what: String = "", within time: Duration = .seconds(20),
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let before = try rkt.storedNames()
        let (result, peak) = try fetch()
        result.refusedInOneLine(sentence, location)
        let about = Comment(rawValue: "\(what): \(result)")
        #expect(peak <= 128 << 20, about, sourceLocation: location)
        #expect(result.duration < time, about, sourceLocation: location)
        let left = rkt.leftBehind().filter { !$0.hasPrefix("cas/download/") }
        #expect(left.isEmpty, "\(what) left \(left)", sourceLocation: location)
        #expect(try rkt.storedNames() == before, about, sourceLocation: location)
    }
}
