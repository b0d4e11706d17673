import AppContainer
import FetchInterface
import ImageRender
import ImageStore
import LinuxSystem
import SystemPackage

// Images in files of this machine.
extension ImageFetcher {
    /// Reads an image from where the user says it is.
    func readLocally(_ request: ImageRequest) throws -> FetchedImage {
        switch request.reference {
        case .file(let path):
            if options.checksSignatures { return try verifiedFile(path, signature: request.signature) }
            return try unverifiedFile(path, origin: request.reference.description)
        case .layout(let layout): return try readLayout(layout)
        default: throw FetchError.notInStore(request.reference)
        }
    }

    /// The image in a file that is taken as it is; an unchanged file is not read a second time.
    ///
    /// `origin`: what is remembered about where it comes from; nothing when nil, for files that are ours.
    func unverifiedFile(_ path: FilePath, origin: String?) throws -> FetchedImage {
        try explaining("cannot import '\(path)'") {
            try ImportedFiles(dataDirectory: data.path).image(in: path, store) { source in
                let origin = origin.map { makeOrigin($0, signers: [], relevant: .image) }
                return try stageAndPublish(latest: false, origin) { early in
                    try store.stage(
                        from: source, limits: limits().archive, hashingSource: false, followedBy: early?.follow)
                }
            }
        }
    }

    /// The image in a file whose signature is beside it, or where the user says.
    private func verifiedFile(_ path: FilePath, signature: FilePath?) throws -> FetchedImage {
        let file = try openFile(path)
        let signature = try readSignature(signature ?? Self.signaturePath(of: path))
        dialogue.debug("using image from file \(path)")
        return try explaining("cannot verify '\(path)'") {
            try adopt(file, signature: signature, name: nil, latest: false, from: "\(path)", relevant: [])
        }
    }

    /// Source: rkt 1.30.0, rkt/image/filefetcher.go.
    static func signaturePath(of path: FilePath) -> FilePath {
        FilePath((path.string.hasSuffix(".aci") ? path.string : path.string + ".aci") + ".asc")
    }

    /// A signature that the user has in a file, in base64.
    func readSignature(_ path: FilePath) throws -> String {
        try explaining("error opening signature file") {
            let limit = try Int(clamping: limits().transfer.maximumDocumentBytes)
            return base64(try openFile(path).readAll(limit: limit))
        }
    }

    private func openFile(_ path: FilePath) throws -> Descriptor {
        let file = try Descriptor.open(path, [.readOnly, .nonBlocking, .noControllingTerminal])
        guard try FileStatus(of: file).kind == .file else { throw FetchError.notAFile(path) }
        return file
    }
}

// Into the store.
extension ImageFetcher {
    /// Stages an image with `stage`, publishes it, and puts its tree in place when one was made on the way.
    func stageAndPublish(
        latest: Bool, _ origin: ImageOrigin?, _ stage: (EarlyTree?) throws -> StagedImage
    ) throws -> FetchedImage {
        let early = try makesTrees ? EarlyTree(in: data.trees()) : nil
        let staged = try stage(early)
        return try publish(staged, early, latest: latest, origin)
    }

    /// Publishes a staged image, and puts its tree in place when one was made on the way.
    func publish(
        _ staged: consuming StagedImage, _ early: EarlyTree?, latest: Bool, _ origin: ImageOrigin?
    ) throws -> FetchedImage {
        let id = try store.publish(staged, latest: latest, origin: origin).id
        try explaining("error rendering image") { try early?.place(id) }
        return FetchedImage(id, isNew: true)
    }

    /// What is remembered about how an image came; only options that can have mattered.
    func makeOrigin(
        _ reference: String, signers: [SignatureVerdict], relevant: InsecureFetching
    ) -> ImageOrigin {
        ImageOrigin(
            signers: signers.map {
                ImageOrigin.Signer(fingerprint: $0.fingerprint, identity: $0.identities.first ?? "")
            },
            insecureOptions: options.insecure.intersection(relevant).names, reference: reference, fetchTime: now())
    }
}
