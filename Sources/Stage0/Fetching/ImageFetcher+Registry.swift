import AppContainer
import FetchInterface
import ImageArchive
import ImageConvert
import ImageRender
import ImageStore
import LinuxSystem
import OCIImage

// Images of Docker and OCI.
extension ImageFetcher {
    /// What the fetch program needs to know.
    func registryDownload(_ reference: RegistryReference) throws -> RegistryDownload {
        let access = try access().registry(reference.host)
        return RegistryDownload(
            host: reference.host, repository: reference.repository, reference: reference.reference,
            platform: OCIPlatform.host, credentials: access.credentials, tokenHosts: access.tokenHosts)
    }

    /// Puts a downloaded image into the store; its files are removed.
    func adopt(_ image: RegistryImage, _ reference: RegistryReference) throws -> FetchedImage {
        defer { Set(([image.config] + image.layers).map(\.file)).forEach(remove) }
        let program = try data.fetchProgram()
        let limit = try Int(clamping: limits().transfer.maximumDocumentBytes)
        let config = try program.open(image.config.file).readAll(limit: limit)
        let isPinned = reference.digest != nil
        let layers = OpenFile(try program.directory())
        let layered = LayeredImage(
            config: try checked(config, against: image.config.digest),
            layers: try image.layers.map {
                LayerBlob(.beneath(layers, name: $0.file), digest: try OCIDigest($0.digest))
            }, manifestDigest: image.manifestDigest,
            name: ConvertedName(
                host: reference.host, repository: reference.repository, tag: isPinned ? nil : reference.tag,
                reference: reference.shortName))
        let origin = makeOrigin("\(reference)", signers: [], relevant: [.image, .tls, .http])
        let fetched = try adopt(layered, latest: !isPinned && reference.tag == "latest", origin)
        try store.remember(RemoteRow(url: "\(reference)", id: fetched.id, downloadTime: now()))
        return fetched
    }

    /// The fetch program is not believed.
    private func checked(_ config: [UInt8], against text: String) throws -> [UInt8] {
        let expected = try OCIDigest(text)
        var computation = OCIDigest.Computation(expected.algorithm)
        config.withUnsafeBytes { computation.update($0) }
        let actual = computation.finish()
        guard actual == expected else { throw FetchError.otherContent(expected: "\(expected)", found: "\(actual)") }
        return config
    }

    /// Puts an image that is in files into the store.
    func readLayout(_ source: LocalSource) throws -> FetchedImage {
        if options.checksSignatures {
            if case .dockerArchive = source { throw FetchError.unsignedKind("docker") }
            throw FetchError.unsignedKind("oci")
        }
        try store.makeDirectories()
        return try explaining("cannot read '\(source)'") {
            let layered = try source.open(for: .host, scratch: store.temporaryDirectory)
            let origin = makeOrigin("\(source)", signers: [], relevant: .image)
            return try adopt(layered, latest: layered.name.tag == "latest", origin)
        }
    }

    private func adopt(_ image: LayeredImage, latest: Bool, _ origin: ImageOrigin) throws -> FetchedImage {
        try stageAndPublish(latest: latest, origin) { early in
            try store.stage(limits: limits().archive, followedBy: early?.follow) { blob, growth in
                try convert(image, to: blob, limits: limits().archive, growth: growth)
            }
        }
    }
}

extension OCIPlatform {
    /// Of this machine.
    static var host: OCIPlatform {
        switch Platform.hostArchitecture {
        case "aarch64": OCIPlatform(os: "linux", architecture: "arm64", variant: "v8")
        case "i386": OCIPlatform(os: "linux", architecture: "386")
        case "armv7l": OCIPlatform(os: "linux", architecture: "arm", variant: "v7")
        case let other: OCIPlatform(os: "linux", architecture: other)
        }
    }
}
