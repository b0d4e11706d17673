import FetchInterface
import JSON
import LinuxSystem
import OCIImage
import SystemPackage
import TestSupport

@testable import ImageFetch

/// A scripted registry with one image, a second server for where it sends us, and a download directory.
struct RegistryFixture {
    let directory: FilePath
    let server: ScriptedServer
    let other: ScriptedServer
    let options: TransportOptions
    var credentials: Credentials?
    var tokenHosts: [String] = []
    var limits = TransferLimits.standard

    static let user = "Basic YWxpY2U6c2VjcmV0"

    /// Content of the blobs: config, then layers.
    static let blobs = ["{\"architecture\":\"amd64\",\"os\":\"linux\"}", "first layer", "second layer", "third layer"]
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"

    /// Runs `body` with servers without TLS, which are allowed.
    static func with(_ body: (RegistryFixture) throws -> Void) throws {
        try TemporaryDirectory.with("registry") { directory in
            let server = try ScriptedServer(in: directory.appending("server"))
            let other = try ScriptedServer(in: directory.appending("other"))
            try makeDirectories(directory.appending("downloads"))
            let fixture = RegistryFixture(
                directory: directory, server: server, other: other,
                options: TransportOptions(skipsTLSVerification: true, allowsHTTP: true))
            try fixture.offer()
            try body(fixture)
        }
    }

    var downloads: FilePath { directory.appending("downloads") }

    /// Puts the image into the registry.
    func offer() throws {
        try server.answer("/v2/app/manifests/latest", .body(Self.manifest().serializedBytes(), type: Self.manifestType))
        for blob in Self.blobs { try server.answer(Self.blobPath(blob), .body(blob)) }
    }

    static func digest(_ content: String) -> OCIDigest { OCIDigest(of: Array(content.utf8)) }
    static func blobPath(_ content: String) -> String { "/v2/app/blobs/\(digest(content))" }

    static func descriptor(_ content: String, _ type: String) -> JSONValue {
        [
            "mediaType": .string(type), "digest": .string(digest(content).description),
            "size": .number(JSONNumber(content.utf8.count)),
        ]
    }

    static func manifest(layers: [String]? = nil) -> JSONValue {
        let layers = (layers ?? Array(blobs.dropFirst())).map {
            descriptor($0, "application/vnd.oci.image.layer.v1.tar")
        }
        return [
            "schemaVersion": 2, "mediaType": .string(manifestType),
            "config": descriptor(blobs[0], "application/vnd.oci.image.config.v1+json"), "layers": .array(layers),
        ]
    }

    static var manifestDigest: OCIDigest { OCIDigest(of: manifest().serializedBytes()) }

    func fetch(
        _ reference: String = "latest", _ change: (inout TransportOptions) -> Void = { _ in },
        environment: [String: String] = [:], host: String? = nil,
        messages: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> RegistryImage {
        let job = RegistryDownload(
            host: host ?? server.host, repository: "app", reference: reference,
            platform: OCIPlatform(os: "linux", architecture: "amd64"), credentials: credentials,
            tokenHosts: tokenHosts)
        var options = options
        options.limits = limits
        change(&options)
        let client = try HTTPClient(
            options, directory: try Descriptor.open(downloads, [.directory]), environment: { environment[$0] },
            messages: Messages(write: messages))
        let log = DebugLog(messages: Messages { _ in }, isOn: false)
        return try registryImage(job, options: options, client: client, log: log)
    }

    /// Why fetching fails; nil when it does not.
    func failure(_ reference: String = "latest", _ change: (inout TransportOptions) -> Void = { _ in }) throws
        -> String?
    {
        do {
            _ = try fetch(reference, change)
            return nil
        } catch {
            return (error as? Failure)?.chain.last ?? "\(error)"
        }
    }

    /// What is in the download directory.
    func files() throws -> [String] { try listDirectory(downloads) }

    /// The content of the files that were downloaded, config first.
    func contents(_ image: RegistryImage) throws -> [String] {
        try ([image.config] + image.layers).map { try readText(downloads.appending($0.file)) }
    }
}
