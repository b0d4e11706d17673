import CGPGME
import Digests
import Glibc
import LinuxSystem

/// The file whose signature is verified, read once, from its beginning, and hashed on the way.
final class SignedFile {
    private let descriptor: CInt
    private var offset: off_t = 0
    private var sum = SHA256Digest()
    /// `errno` of a read that failed.
    private var failure: CInt = 0

    /// Bytes per piece on the way to gpg: libgpgme takes a few KiB of its own accord, and moves what the pipe does not take
    /// at once to the front of its buffer again and again, so that a large one is slower.
    private static let pieceSize = 32 << 10

    /// The descriptor is open for reading; its file position does not matter and is left alone.
    init(_ descriptor: Int32) throws(OpenPGPError) {
        var status = stat()
        guard descriptor > 2, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .notAFile(descriptor)
        }
        self.descriptor = descriptor
    }

    /// Hands the content to `body` in a form that libgpgme reads.
    func withData<Result>(_ body: (gpgme_data_t) throws -> Result) throws -> Result {
        // libgpgme keeps the pointer as long as the data.
        let callbacks = UnsafeMutablePointer<gpgme_data_cbs>.allocate(capacity: 1)
        callbacks.initialize(to: gpgme_data_cbs())
        defer { callbacks.deallocate() }
        callbacks.pointee.read = { file, buffer, count in
            guard let file, let buffer else { return -1 }
            let signed = Unmanaged<SignedFile>.fromOpaque(file).takeUnretainedValue()
            if signed.offset == 0 { enlargePipes() }
            return signed.read(into: buffer, count)
        }
        var data: gpgme_data_t?
        let error = gpgme_data_new_from_cbs(&data, callbacks, Unmanaged.passUnretained(self).toOpaque())
        try succeed("gpgme_data_new_from_cbs", error)
        guard let data else { throw OpenPGPError.engine(call: "gpgme_data_new_from_cbs", reason: "no data") }
        defer { gpgme_data_release(data) }
        try succeed("gpgme_data_set_flag", gpgme_data_set_flag(data, "io-buffer-size", "\(Self.pieceSize)"))
        let result = try body(data)
        try check()
        return result
    }

    private func read(into buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
        while true {
            let got = pread(descriptor, buffer, count, offset)
            if got < 0, errno == EINTR { continue }
            if got < 0 { failure = errno }
            if got > 0 {
                sum.update(UnsafeRawBufferPointer(start: buffer, count: got))
                offset += off_t(got)
            }
            return got
        }
    }

    /// SHA-256 of the whole file, 64 digits: also of what gpg had no need to read.
    func digest() throws -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 8)
        defer { buffer.deallocate() }
        if let start = buffer.baseAddress {
            while read(into: start, buffer.count) > 0 {}
        }
        try check()
        var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        digest.withUnsafeMutableBytes { sum.finish(into: $0) }
        return hexadecimal(digest)
    }

    private func check() throws {
        guard failure == 0 else { throw OpenPGPError.engine(call: "read", reason: text(strerror(failure))) }
    }
}
