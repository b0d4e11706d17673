import FetchInterface
import OCIImage

/// Host, repository and reference of an image, checked before any of it becomes part of a URL.
///
/// Source: distribution, docs/spec/api.md, "Overview".
struct RegistryName: Equatable, Sendable {
    enum Reference: Equatable, Sendable {
        case tag(String)
        case digest(OCIDigest)
    }

    /// `HOST[:PORT]`.
    let host: String
    let repository: String
    let reference: Reference

    init(_ job: RegistryDownload) throws(RegistryError) {
        guard let authority = Authority(job.host, defaultPort: WebURL.Scheme.https.defaultPort), authority.user == nil
        else { throw .invalidHost(excerpt(of: job.host)) }
        guard Self.isRepository(job.repository) else { throw .invalidRepository(excerpt(of: job.repository)) }
        host = job.host
        repository = job.repository
        if job.reference.utf8.contains(UInt8(ascii: ":")) {
            do { reference = .digest(try OCIDigest(job.reference)) } catch {
                throw .invalidReference(excerpt(of: job.reference))
            }
        } else {
            guard Self.isTag(job.reference) else { throw .invalidReference(excerpt(of: job.reference)) }
            reference = .tag(job.reference)
        }
    }

    /// `REPOSITORY:TAG` or `REPOSITORY@DIGEST`.
    var image: String {
        switch reference {
        case .tag(let tag): "\(repository):\(tag)"
        case .digest(let digest): "\(repository)@\(digest)"
        }
    }

    var manifestPath: String {
        switch reference {
        case .tag(let tag): "/v2/\(repository)/manifests/\(tag)"
        case .digest(let digest): manifestPath(digest)
        }
    }

    func manifestPath(_ digest: OCIDigest) -> String { "/v2/\(repository)/manifests/\(digest)" }
    func blobPath(_ digest: OCIDigest) -> String { "/v2/\(repository)/blobs/\(digest)" }

    /// Elements of lower-case letters and digits, with separators inside: a dot, one or two underscores, dashes.
    private static func isRepository(_ text: String) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { element in
            var separator: [UInt8] = []
            for byte in element.utf8 {
                if isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                    separator = []
                    continue
                }
                separator.append(byte)
                let isSeparator =
                    separator == Array(".".utf8) || separator == Array("_".utf8) || separator == Array("__".utf8)
                    || separator.allSatisfy { $0 == UInt8(ascii: "-") }
                if !isSeparator { return false }
            }
            return separator.isEmpty && element.utf8.first.map(isAlphanumeric) == true
        }
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return (isAlphanumeric(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}
