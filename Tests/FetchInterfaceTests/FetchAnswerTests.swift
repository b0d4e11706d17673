import FetchInterface
import JSON
import Testing

@Suite struct FetchAnswerTests {
    static let digits40 = String(repeating: "0f", count: 20)
    static let digits64 = String(repeating: "0f", count: 32)
    static let key = PublicKey(
        fingerprint: digits40, subkeyFingerprints: [digits40], identities: ["A <a@example.com>"], text: "armor\n",
        isExpired: true, isRevoked: false)
    static let blob = DownloadedBlob(digest: "sha256:\(digits64)", mediaType: "a/b", size: .max, file: "blob-1.x")
    static let answers: [FetchAnswer] = [
        .endpoints([Endpoint(archiveURL: "https://e/a.aci", signatureURL: "http://e/a.aci.asc")]),
        .endpoints([]),
        .publicKeys([PublicKeyFile(location: "", isAuthenticated: true, text: "t\n", keys: [key])]),
        .archive(DownloadedArchive(file: "a", signature: base64([1]), etag: "W/\"x\"", maxAge: 3600)),
        .archive(DownloadedArchive(file: "a", signature: "", etag: "", maxAge: 0)),
        .notModified,
        .registryImage(RegistryImage(manifestDigest: "sha256:\(digits64)", config: blob, layers: [blob, blob])),
        .signatures(
            SignedContent(
                contentDigest: digits64,
                signatures: [
                    SignatureVerdict(fingerprint: digits40, identities: ["a"]),
                    SignatureVerdict(fingerprint: "0123456789abcdef", identities: [], problem: "unknown"),
                ])),
        .failure(["a", "b"]),
    ]

    @Test(arguments: answers.indices)
    func `an answer is read as it was written`(index: Int) throws {
        #expect(try FetchAnswer(parsing: Self.answers[index].bytes) == Self.answers[index])
    }

    /// Every string of every answer is replaced by things that must not get through.
    @Test(arguments: ["../x", "/etc/passwd", ".hidden", "", ".", "a/b", "a\u{0}b", "x\u{1b}[2J", "SHA256:00", "a b"])
    func `bad words are refused or made harmless`(word: String) {
        for answer in Self.answers {
            for changed in replacements(of: answer.json, by: .string(word)) {
                guard let read = try? FetchAnswer(json: changed) else { continue }
                for text in dangerousTexts(of: read) { #expect(!text.unicodeScalars.contains { $0.value < 0x20 }) }
                for name in files(of: read) { #expect(isPlainFileName(name)) }
            }
        }
    }

    @Test func `other kinds of values are refused everywhere`() {
        for answer in Self.answers {
            for value in [JSONValue.null, [[]], -1, [:]] {
                for changed in replacements(of: answer.json, by: value) { _ = try? FetchAnswer(json: changed) }
            }
        }
    }

    @Test(arguments: [
        #"{"archive":{"file":"a/../b","signature":"","etag":"","maxAge":0}}"#,
        #"{"archive":{"file":"a","signature":"?","etag":"","maxAge":0}}"#,
        #"{"archive":{"file":"a","signature":"","etag":"\r\nX: y","maxAge":0}}"#,
        #"{"archive":{"file":"a","signature":"","etag":"","maxAge":9223372036854775808}}"#,
        #"{"endpoints":[{"archiveURL":"file:///etc/passwd","signatureURL":"https://e"}]}"#,
        #"{"endpoints":[{"archiveURL":"https://e/\n","signatureURL":"https://e"}]}"#,
        #"{"signatures":{"contentDigest":"0F","signatures":[]}}"#,
        #"{"notModified":{}}"#, #"{"notModified":true,"failure":["x"]}"#, #"{"x":1}"#, #"[]"#, "",
    ])
    func `what is no answer is an error`(text: String) {
        #expect(throws: (any Error).self) { try FetchAnswer(parsing: Array(text.utf8)) }
    }

    @Test func `a verdict without problem names a whole fingerprint`() {
        let text = #"{"fingerprint":"0123456789abcdef","identities":[]}"#
        #expect(throws: (any Error).self) { try SignatureVerdict(json: JSONValue(parsing: text)) }
    }

    @Test func `sentences of a failure are harmless and few`() throws {
        let long = String(repeating: "x", count: 100_000)
        let answer = FetchAnswer.failure(["a\u{1b}[31m\u{202e}b", long] + Array(repeating: "y", count: 1000))
        guard case .failure(let sentences) = try FetchAnswer(parsing: answer.bytes) else { return #expect(Bool(false)) }
        #expect(sentences[0] == "a\u{fffd}[31m\u{fffd}b")
        #expect(sentences[1].count == 4000)
        #expect(sentences.count == 32)
        #expect(try FetchAnswer(parsing: FetchAnswer.failure([]).bytes) != .failure([]))
    }

    private func replacements(of value: JSONValue, by other: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let object):
            return object.members.flatMap { member in
                replacements(of: member.value, by: other).map { changed in
                    var copy = object
                    copy[member.key] = changed
                    return .object(copy)
                }
            }
        case .array(let elements):
            return elements.indices.flatMap { index in
                replacements(of: elements[index], by: other).map { changed in
                    var copy = elements
                    copy[index] = changed
                    return .array(copy)
                }
            }
        default: return [other]
        }
    }

    private func files(of answer: FetchAnswer) -> [String] {
        switch answer {
        case .archive(let archive): [archive.file]
        case .registryImage(let image): [image.config.file] + image.layers.map(\.file)
        default: []
        }
    }

    private func dangerousTexts(of answer: FetchAnswer) -> [String] {
        switch answer {
        case .failure(let sentences): sentences
        case .publicKeys(let files): files.flatMap { [$0.location] + $0.keys.flatMap(\.identities) }
        case .signatures(let content): content.signatures.flatMap { $0.identities + [$0.problem ?? ""] }
        case .endpoints(let endpoints): endpoints.flatMap { [$0.archiveURL, $0.signatureURL] }
        case .archive(let archive): [archive.etag]
        case .registryImage(let image): [image.config.mediaType] + image.layers.map(\.mediaType)
        case .notModified: []
        }
    }
}
