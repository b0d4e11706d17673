package import FetchInterface
package import SystemPackage

/// An image in files of this machine, as it is written on the command line.
///
/// As other programs write it: a path ends at the first colon.
package enum LocalSource: Hashable, Sendable {
    /// `oci:DIR[:TAG]`: an OCI image layout.
    case layout(FilePath, tag: String?)
    /// `oci-archive:FILE[:TAG]`: a tar archive of one, perhaps compressed.
    case layoutArchive(FilePath, tag: String?)
    /// `docker-archive:FILE[:REFERENCE]`: what `docker save` writes, perhaps compressed.
    case dockerArchive(FilePath, reference: String?)

    /// `nil` when the text starts with none of these words.
    ///
    /// - Throws: ``ConversionError/invalidReference(_:)``.
    package init?(parsing text: String) throws(ConversionError) {
        let schemes: [(String, (FilePath, String?) -> LocalSource)] = [
            ("oci:", { .layout($0, tag: $1) }), ("oci-archive:", { .layoutArchive($0, tag: $1) }),
            ("docker-archive:", { .dockerArchive($0, reference: $1) }),
        ]
        guard let (scheme, make) = schemes.first(where: { text.hasPrefix($0.0) }) else { return nil }
        let parts = text.dropFirst(scheme.count).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, !path.isEmpty, parts.count == 1 || !parts[1].isEmpty, !text.utf8.contains(0)
        else { throw .invalidReference(shown(text)) }
        self = make(FilePath(String(path)), parts.count > 1 ? String(parts[1]) : nil)
    }

    package var path: FilePath {
        switch self {
        case .layout(let path, _), .layoutArchive(let path, _), .dockerArchive(let path, _): path
        }
    }

    /// The same source seen from `directory`, where the path is relative.
    package func resolved(against directory: FilePath) -> LocalSource {
        switch self {
        case .layout(let path, let tag): .layout(directory.pushing(path), tag: tag)
        case .layoutArchive(let path, let tag): .layoutArchive(directory.pushing(path), tag: tag)
        case .dockerArchive(let path, let reference): .dockerArchive(directory.pushing(path), reference: reference)
        }
    }

    /// Finds the image for a platform; layers are not read yet.
    ///
    /// A compressed archive is unpacked into a file without a name in the directory `scratch`.
    ///
    /// - Throws: ``ConversionError``; `OCIImageError`; `ArchiveError`; `SystemCallError`.
    package func open(for platform: OCIPlatform, scratch: FilePath) throws -> LayeredImage {
        switch self {
        case .layout(let path, let tag):
            return try openLayout(DirectoryMembers(path), tag: tag, platform, baseName: baseName(path))
        case .layoutArchive(let path, let tag):
            let members = try ArchiveMembers(path, scratch: scratch)
            return try openLayout(members, tag: tag, platform, baseName: baseName(path))
        case .dockerArchive(let path, let reference):
            let members = try ArchiveMembers(path, scratch: scratch)
            return try openDockerArchive(members, reference: reference, baseName: baseName(path))
        }
    }

    /// What an image without a name of its own is called after: the file's name without what says how it is packed.
    private func baseName(_ path: FilePath) -> String {
        var name = path.lexicallyNormalized().lastComponent?.string ?? ""
        for suffix in [".gz", ".xz", ".bz2", ".zst", ".tgz", ".tar"] where name.hasSuffix(suffix) {
            name = String(name.dropLast(suffix.count))
        }
        return name
    }
}

extension LocalSource: CustomStringConvertible {
    package var description: String {
        func text(_ scheme: String, _ path: FilePath, _ name: String?) -> String {
            "\(scheme):\(path)" + (name.map { ":\($0)" } ?? "")
        }
        return switch self {
        case .layout(let path, let tag): text("oci", path, tag)
        case .layoutArchive(let path, let tag): text("oci-archive", path, tag)
        case .dockerArchive(let path, let reference): text("docker-archive", path, reference)
        }
    }
}

extension ConvertedName {
    /// The name of an image that comes from no registry.
    ///
    /// What the layout or archive calls it counts: `HOST/REPOSITORY:TAG` as it is, `REPOSITORY:TAG` below `localhost`; a word
    /// that is only a tag makes `localhost/BASE:TAG`, and nothing at all `localhost/BASE`, where BASE is the name of the
    /// directory or file.
    init(local name: String?, baseName: String) throws(ConversionError) {
        let base = baseName.isEmpty || baseName == "." || baseName == ".." ? "image" : baseName
        let name = name ?? ""
        let slash = name.lastIndex(of: "/") ?? name.startIndex
        let colon = name[slash...].lastIndex(of: ":")
        var repository = String(name[..<(colon ?? name.endIndex)])
        let tag = colon.map { String(name[name.index(after: $0)...]) }
        if !repository.utf8.contains(UInt8(ascii: "/")), colon == nil {
            self.init(
                host: "localhost", repository: base, tag: name.isEmpty ? nil : name,
                reference: name.isEmpty ? base : name)
            return
        }
        var host = "localhost"
        if let slash = repository.firstIndex(of: "/") {
            let first = repository[..<slash]
            if first == "localhost" || first.utf8.contains(UInt8(ascii: ".")) || first.utf8.contains(UInt8(ascii: ":"))
            {
                host = String(first)
                repository = String(repository[repository.index(after: slash)...])
            }
        }
        if host == "docker.io" || host == "index.docker.io" { host = "registry-1.docker.io" }
        guard !repository.isEmpty, tag?.isEmpty != true else { throw .invalidName(shown(name)) }
        self.init(host: host, repository: repository, tag: tag, reference: name)
    }
}
