package import FetchInterface

extension OCIIndex {
    /// The manifest, or the index to look into, for a platform.
    ///
    /// System and architecture have to be the wanted ones. Among several variants the best one that the platform runs is
    /// taken, the first one of equals. What does not say its platform is taken only when there is nothing else.
    ///
    /// - Throws: ``OCIImageError/noPlatform(wanted:available:)``.
    package func choose(for wanted: OCIPlatform) throws(OCIImageError) -> OCIDescriptor {
        let documents = manifests.filter { $0.documentKind != nil }
        var best: (descriptor: OCIDescriptor, rank: Int)?
        for document in documents {
            guard let rank = document.platform.flatMap(wanted.rank(of:)) else { continue }
            if best.map({ rank < $0.rank }) ?? true { best = (document, rank) }
        }
        if let best { return best.descriptor }
        if documents.count == 1, documents[0].platform == nil { return documents[0] }
        throw .noPlatform(wanted: wanted.name, available: Self.names(of: documents))
    }

    /// What the documents are for, each once, and not more than a line of an error can hold.
    private static func names(of documents: [OCIDescriptor]) -> [String] {
        let shown = 20
        var names: [String] = []
        for document in documents {
            let name = document.platform?.name ?? "an unnamed platform"
            if name == "unknown/unknown" || names.contains(name) { continue }
            if names.count == shown { return names + ["…"] }
            names.append(name)
        }
        return names
    }
}

extension OCIPlatform {
    /// As it is written: `linux/arm/v7`.
    package var name: String { "\(os)/\(architecture)\(variant.map { "/\($0)" } ?? "")" }

    /// How well this platform runs what is made for the other one; 0 is best, nil not at all.
    ///
    /// Without a variant `arm` means `v7` and `arm64` means `v8`; `arm` runs what is made for lower variants. `amd64`
    /// without a variant means `v1`.
    package func rank(of other: OCIPlatform) -> Int? {
        guard os == other.os, architecture == other.architecture else { return nil }
        let ours = variant ?? Self.usualVariant(of: architecture)
        let theirs = other.variant ?? Self.usualVariant(of: architecture)
        if ours == theirs { return 0 }
        guard let ours = Self.number(ours), let theirs = Self.number(theirs), theirs < ours else { return nil }
        return ["arm", "arm64", "amd64"].contains(architecture) ? ours - theirs : nil
    }

    private static func usualVariant(of architecture: String) -> String {
        switch architecture {
        case "arm": "v7"
        case "arm64": "v8"
        case "amd64": "v1"
        default: ""
        }
    }

    /// Of a variant such as `v7`.
    private static func number(_ variant: String) -> Int? {
        guard variant.hasPrefix("v"), variant.utf8.count == 2 else { return nil }
        return Int(variant.dropFirst())
    }
}
