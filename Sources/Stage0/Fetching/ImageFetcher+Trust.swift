import AppContainer
import FetchInterface
import ImageArchive
import ImageRender
import ImageStore
import ImageTrust
import LinuxSystem
import SystemPackage

// Signatures and keys.
extension ImageFetcher {
    /// Puts the image of an open file into the store, if a key that vouches for its name has signed exactly these bytes.
    ///
    /// `signature` is in base64; nil means that nobody asks for one. `name` is what was asked for. `source` and
    /// `relevant` are remembered.
    func adopt(
        _ file: borrowing Descriptor, signature: String?, name: ImageName?, latest: Bool, from source: String,
        relevant: InsecureFetching
    ) throws -> FetchedImage {
        let tree = try makesTrees ? EarlyTree(in: data.trees()) : nil
        let verdict = signature.flatMap { earlyVerdict(on: file, signature: $0, for: name?.name) }
        defer { verdict?.wait() }  // it tidies up
        let staged = try store.stage(
            from: file, limits: limits().archive, hashingSource: signature != nil, followedBy: tree?.follow)
        let manifest = staged.archive.manifest
        if let name { try checkIdentity(of: manifest, against: name) }
        var signers: [SignatureVerdict] = []
        if let signature {
            signers = try verify(file, signature, verdict, digest: staged.sourceDigest, name: manifest.name)
        }
        return try publish(staged, tree, latest: latest, makeOrigin(source, signers: signers, relevant: relevant))
    }

    /// Who signed the bytes of a file and vouches for the name; at least one.
    private func verify(
        _ file: borrowing Descriptor, _ signature: String, _ verdict: EarlyVerdict?, digest: String, name: ACIdentifier
    ) throws -> [SignatureVerdict] {
        let trusted = try options.keys.keys(for: name)
        do {
            if trusted.isEmpty { throw SignatureError.unknownEntity(name: name) }
            var content = try verdict?.content(for: trusted)
            if content == nil {
                try file.seek(to: 0)
                content = try data.fetchProgram().answer(verification(signature, trusted), file: file).signatures()
            }
            guard let content else { throw SignatureError.noSignatures }
            let good = try decide(content, stagedDigest: digest, name: name, trusted: trusted)
            verifiedLines(good).forEach(dialogue.log)
            return good
        } catch let error as SignatureError {
            error.hints.forEach(dialogue.log)
            throw error
        }
    }

    private func verification(_ signature: String, _ keys: [TrustedKey]) throws -> FetchJob {
        FetchJob(
            .verify(Verification(file: -1, signature: signature, keys: keys)),
            transport: try options.transport(limits().transfer))
    }

    /// Starts to verify a file that is about to be stored, where it is known well enough which keys will count.
    ///
    /// Whatever is in the way: it is verified afterwards, and errors are told then.
    private func earlyVerdict(
        on file: borrowing Descriptor, signature: String, for name: ACIdentifier?
    ) -> EarlyVerdict? {
        let known = name.map { try? options.keys.keys(for: $0) } ?? (try? options.keys.likelyKeys())
        guard let keys = known, !keys.isEmpty, let job = try? verification(signature, keys) else { return nil }
        // A second position in the same file.
        guard let process = try? data.fetchProgram().start(job, file: Descriptor.open(FilePath(file.procPath))) else {
            return nil
        }
        return EarlyVerdict(process, keys: keys)
    }

    /// The keys that may have signed an image of this name; looked for on the net when there are none of its own.
    ///
    /// - Throws: ``SignatureError/unknownEntity(name:)`` when there are none at all: nothing needs to be downloaded then.
    func acceptedKeys(for name: ACIdentifier) throws -> [TrustedKey] {
        try obtainKeys(for: name)
        let keys = try options.keys.keys(for: name)
        guard keys.isEmpty else { return keys }
        let error = SignatureError.unknownEntity(name: name)
        error.hints.forEach(dialogue.log)
        throw error
    }

    /// Looks for keys by discovery unless there are some; what goes wrong is told, and is no failure of its own.
    private func obtainKeys(for name: ACIdentifier) throws {
        if options.insecure.contains(.tls), !options.insecure.contains(.publicKey) {
            dialogue.log("keys are not looked for on the net without TLS verification (see --insecure-options=pubkey)")
            return
        }
        let transport = try options.keyTransport(limits().transfer)
        let hasKeys = try options.keys.obtainKeys(for: name, review: dialogue.review(name)) { source in
            try data.fetchProgram().answer(FetchJob(.publicKeys(source), transport: transport)).publicKeys()
        } report: {
            dialogue.log("no keys for \"\(name)\": \($0)")
        }
        if hasKeys { dialogue.debug("keys already exist for prefix \"\(name)\", not fetching again") }
    }

    /// Whether an image of the store may be taken for one that was downloaded and verified now: a key that is still
    /// trusted has signed it, or nobody asks.
    func isAsGoodAsFetched(_ id: ImageID) throws -> Bool {
        guard options.checksSignatures else { return true }
        guard let origin = try store.origin(of: id) else { return false }
        let trusted = Set(try options.keys.keys(for: store.manifest(of: id).name).map(\.fingerprint))
        return origin.signers.contains { trusted.contains($0.fingerprint) }
    }

    /// Shows how to trust a key, where an answer says that nobody knows the one that was used.
    func hint(about answer: FetchAnswer, _ name: ACIdentifier) {
        guard answer.reason == SignatureProblem.unknownKey else { return }
        SignatureError.unknownEntity(name: name).hints.forEach(dialogue.log)
    }
}
