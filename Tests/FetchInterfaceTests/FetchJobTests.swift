import FetchInterface
import JSON
import Testing

@Suite struct FetchJobTests {
    static let key = TrustedKey(fingerprint: String(repeating: "0a", count: 20), text: "-----BEGIN…\nx\n")
    static let credentials = [
        HostCredentials(host: "a.example:8443", credentials: .basic(user: "u\"\\", password: "p\u{1}ä")),
        HostCredentials(host: "b.example", credentials: .bearer(token: "t")),
        HostCredentials(host: "c.example", credentials: .aws(accessKeyID: "i", secretAccessKey: "s", region: nil)),
        HostCredentials(host: "d.example", credentials: .aws(accessKeyID: "i", secretAccessKey: "s", region: "r")),
    ]
    static let requests: [FetchRequest] = [
        .discover(
            Discovery(
                name: "example.com/a", labels: [("os", "linux"), ("version", "1")], credentials: credentials)),
        .discover(Discovery(name: "", labels: [])),
        .publicKeys(.discovery(prefix: "example.com")),
        .publicKeys(.url("https://example.com/k")),
        .publicKeys(.text("text")),
        .archive(ArchiveDownload(url: "https://e/a.aci", signatureURL: nil, label: "ACI")),
        .archive(
            ArchiveDownload(
                url: "https://e/a.aci", signatureURL: "https://e/a.aci.asc", etag: "\"x\"", credentials: credentials,
                label: "ACI", acceptedKeys: [key])),
        .archive(ArchiveDownload(url: "u", signatureURL: "", label: "", acceptedKeys: [])),
        .registryImage(
            RegistryDownload(
                host: "h:5000", repository: "r", reference: "latest",
                platform: OCIPlatform(os: "linux", architecture: "arm", variant: "v7"),
                credentials: .basic(user: "u", password: "p"), tokenHosts: ["t.example"])),
        .registryImage(
            RegistryDownload(
                host: "h", repository: "r", reference: "sha256:00",
                platform: OCIPlatform(os: "linux", architecture: "amd64"), credentials: nil, tokenHosts: [])),
        .verify(Verification(file: 3, signature: base64([1, 2, 3, 4]), keys: [key])),
    ]

    @Test(arguments: requests.indices)
    func `a job is read as it was written`(index: Int) throws {
        let transport = TransportOptions(
            skipsTLSVerification: true, allowsHTTP: index % 2 == 0, isDebugging: true, showsProgress: index % 3 == 0,
            limits: TransferLimits(
                maximumDownloadBytes: UInt64(Int64.max), maximumDocumentBytes: 1, maximumLayers: 2, maximumRedirects: 3,
                maximumIndexDepth: 4, connectSeconds: 5, stallSeconds: 6))
        let job = FetchJob(Self.requests[index], transport: transport)
        #expect(try FetchJob(parsing: job.bytes) == job)
        #expect(try FetchJob(parsing: FetchJob(Self.requests[index]).bytes) == FetchJob(Self.requests[index]))
    }

    @Test(arguments: requests.indices)
    func `a job that is cut off is an error`(index: Int) {
        let bytes = FetchJob(Self.requests[index]).bytes
        for count in bytes.indices {
            #expect(throws: (any Error).self) { try FetchJob(parsing: Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: [
        #"{}"#, #"{"request":{},"transport":{}}"#, #"{"request":{"discover":{},"verify":{}}}"#,
        #"{"request":{"other":{}}}"#, #"[]"#, #"null"#, #"{"request":null}"#,
        #"{"request":{"publicKeys":{"url":1}}}"#, #"{"request":{"verify":{"file":99999999999}}}"#,
    ])
    func `what is no job is an error`(text: String) {
        #expect(throws: (any Error).self) { try FetchJob(parsing: Array(text.utf8)) }
    }

    @Test(arguments: ["connectSeconds", "maximumDownloadBytes", "maximumLayers"])
    func `limits out of range are errors`(key: String) throws {
        for value in ["-1", "1e3", "9223372036854775808", "18446744073709551616", "\"1\"", "null"] {
            guard var limits = TransferLimits.standard.json.object,
                let number = JSONValue?.some(try JSONValue(parsing: value))
            else { return }
            limits[key] = number
            #expect(throws: (any Error).self) { try TransferLimits(json: .object(limits)) }
        }
    }
}

@Suite struct Base64Tests {
    @Test func `every length comes back`() {
        for count in 0..<70 {
            let original = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
            #expect(bytes(base64: base64(original)) == original)
        }
        #expect(base64(Array("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw==")
    }

    @Test(arguments: ["=", "A", "AA", "AAA", "A===", "AA=A", "====", "AB==", "AAB=", "AA\n=", "AA==AA==", "é==="])
    func `anything else is refused`(text: String) {
        #expect(bytes(base64: text) == nil)
    }
}
