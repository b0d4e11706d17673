package import FetchInterface

/// The way from a document, through indexes, to the manifest for a platform.
///
/// Whoever has the documents asks for ``next(_:)`` until there is a manifest; it bounds how many documents are asked for.
package struct OCIImageWalk {
    package enum Step: Equatable {
        /// Read this one next, and check its size and digest.
        case read(OCIDescriptor)
        case found(OCIManifest)
    }

    private let platform: OCIPlatform
    private let limits: OCILimits
    private var seen: Set<OCIDigest>
    private var depth = 0

    /// Starts at a document with this digest.
    package init(from digest: OCIDigest, to platform: OCIPlatform, limits: OCILimits = .standard) {
        self.platform = platform
        self.limits = limits
        seen = [digest]
    }

    /// What to do after having read `document`.
    package mutating func next(_ document: OCIDocument) throws(OCIImageError) -> Step {
        switch document {
        case .manifest(let manifest): return .found(manifest)
        case .index(let index):
            let chosen = try index.choose(for: platform)
            if !seen.insert(chosen.digest).inserted { throw .indexInItself(chosen.digest) }
            if chosen.size > limits.maximumDocumentBytes {
                throw .documentTooLarge(maximumDocumentBytes: limits.maximumDocumentBytes)
            }
            if chosen.documentKind == .index {
                depth += 1
                if depth > limits.maximumIndexDepth {
                    throw .indexesTooDeep(maximumIndexDepth: limits.maximumIndexDepth)
                }
            }
            return .read(chosen)
        }
    }
}
