package import Digests
import LinuxSystem

/// The digest that names content of an OCI or Docker image: `sha256:` or `sha512:` and all its digits in lower case.
///
/// No value holds anything but these characters, so it may stand in URLs, and as ``fileName`` in a directory.
///
/// Source: OCI image-spec 1.1, descriptor.md, "Digests".
package struct OCIDigest: Hashable, Sendable {
    package enum Algorithm: String, Sendable {
        case sha256, sha512

        /// How many hexadecimal digits a digest has.
        package var digitCount: Int { self == .sha256 ? 64 : 128 }
    }

    package let algorithm: Algorithm
    /// Lower-case hexadecimal digits.
    package let digits: String

    /// Takes `ALGORITHM:DIGITS`.
    package init(_ text: String) throws(OCIImageError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw .invalidDigest(excerpt(of: text))
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw .unknownDigestAlgorithm(excerpt(of: text))
        }
        try self.init(algorithm, digits: String(text[text.utf8.index(after: colon)...]))
    }

    package init(_ algorithm: Algorithm, digits: String) throws(OCIImageError) {
        guard digits.utf8.count == algorithm.digitCount, digits.utf8.allSatisfy(Self.isLowerCaseHexadecimal) else {
            throw .invalidDigest(excerpt(of: "\(algorithm.rawValue):\(digits)"))
        }
        self.algorithm = algorithm
        self.digits = digits
    }

    private init(_ algorithm: Algorithm, of finished: [UInt8]) {
        self.algorithm = algorithm
        digits = hexadecimal(finished)
    }

    /// `ALGORITHM-DIGITS`, for the name of a file.
    package var fileName: String { "\(algorithm.rawValue)-\(digits)" }

    private static func isLowerCaseHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension OCIDigest: CustomStringConvertible {
    package var description: String { "\(algorithm.rawValue):\(digits)" }
}

extension OCIDigest {
    /// Computes a digest over bytes that come piece by piece.
    package enum Computation: ~Copyable {
        case sha256(SHA256Digest)
        case sha512(SHA512Digest)

        package init(_ algorithm: Algorithm) {
            switch algorithm {
            case .sha256: self = .sha256(SHA256Digest())
            case .sha512: self = .sha512(SHA512Digest())
            }
        }

        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            switch consume self {
            case .sha256(var digest):
                digest.update(bytes)
                self = .sha256(digest)
            case .sha512(var digest):
                digest.update(bytes)
                self = .sha512(digest)
            }
        }

        /// The digest of everything so far.
        package consuming func finish() -> OCIDigest {
            switch consume self {
            case .sha256(var digest):
                let bytes = [UInt8](unsafeUninitializedCapacity: SHA256Digest.byteCount) { buffer, count in
                    digest.finish(into: UnsafeMutableRawBufferPointer(buffer))
                    count = SHA256Digest.byteCount
                }
                return OCIDigest(.sha256, of: bytes)
            case .sha512(var digest): return OCIDigest(.sha512, of: digest.finish())
            }
        }
    }

    /// The digest of `content`.
    package init(of content: [UInt8], _ algorithm: Algorithm = .sha256) {
        var computation = Computation(algorithm)
        content.withUnsafeBytes { computation.update($0) }
        self = computation.finish()
    }

    /// Whether `content` has this digest.
    package func matches(_ content: [UInt8]) -> Bool { OCIDigest(of: content, algorithm) == self }
}
