import FetchInterface
import LinuxSystem
import SystemPackage

/// Whom to believe about servers: `SSL_CERT_FILE` and `SSL_CERT_DIR` as OpenSSL and Go read them, which libcurl does not.
struct Certificates: Sendable {
    /// Instead of the bundle of the system.
    let file: String?
    /// Instead of the directory of the system: directories separated by colons.
    let directories: String?
    /// The certificates of ``file`` and of all files in ``directories``, however they are called; empty when no
    /// directory was named.
    let bundle: [UInt8]

    /// Files of one directory that are looked at, and bytes of each.
    private static let maximumFiles = 4_096
    private static let maximumFileBytes = 4 << 20
    /// Bytes of all of them.
    private static let maximumBundleBytes = 16 << 20
    private static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"

    init(environment: (String) -> String?) throws {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        file = variable("SSL_CERT_FILE")
        directories = variable("SSL_CERT_DIR")
        guard let directories else {
            bundle = []
            return
        }
        var bundle = (try? readFile(FilePath(file ?? Self.systemBundle), limit: Self.maximumFileBytes)) ?? []
        for directory in directories.split(separator: ":") {
            let path = FilePath(String(directory))
            let names = (try? listDirectory(path)) ?? []  // as OpenSSL: what is not there trusts nobody
            for name in names.prefix(Self.maximumFiles) {
                guard let content = try? readFile(path.appending(name), limit: Self.maximumFileBytes) else { continue }
                bundle += Self.certificates(in: content)
                if bundle.count > Self.maximumBundleBytes {
                    throw Failure("SSL_CERT_DIR '\(directories)' holds more than \(Self.maximumBundleBytes) bytes")
                }
            }
        }
        self.bundle = bundle
    }

    /// The lines of a PEM file from the beginnings of certificates to their ends.
    static func certificates(in content: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var isInside = false
        for line in content.split(separator: 0x0a) {
            if line.starts(with: "-----BEGIN CERTIFICATE-----".utf8) { isInside = true }
            if isInside { kept += line + [0x0a] }
            if line.starts(with: "-----END CERTIFICATE-----".utf8) { isInside = false }
        }
        return isInside ? [] : kept
    }
}
