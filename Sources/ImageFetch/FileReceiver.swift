import Digests
import FetchInterface
import Glibc
import LinuxSystem
import SystemPackage

/// Puts the body into a file of the download directory, behind what an interrupted download has left there.
final class FileReceiver: Receiver {
    private let request: FileRequest
    private let directory: DownloadDirectory
    private let maximumBytes: UInt64
    private let progress: ProgressReporter
    private let messages: Messages
    private let name: String
    private var file: PartialFile?
    private var number: UInt32?

    init(
        _ request: FileRequest, directory: DownloadDirectory, maximumBytes: UInt64, progress: ProgressReporter,
        messages: Messages
    ) {
        self.request = request
        self.directory = directory
        self.maximumBytes = min(maximumBytes, request.expectedSize ?? .max)
        self.progress = progress
        self.messages = messages
        name = DownloadDirectory.partialName(request.key)
    }

    enum Opening {
        /// Another process has it, and we do not wait.
        case busy
        case ready
        /// Nothing has to be asked for.
        case complete(HTTPResponse)
    }

    /// Opens the partial file and locks it, and looks whether somebody else has downloaded the same meanwhile.
    func open(waits: Bool) throws -> Opening {
        if file != nil { return .ready }
        var opened = try directory.openPartial(name, waits: false)
        if opened == nil && waits {
            messages.line("another rkt instance is downloading this file, waiting...")
            opened = try directory.openPartial(name, waits: true)
        }
        guard let descriptor = opened.take() else { return .busy }
        let file = try PartialFile(
            descriptor, name: name, directory: directory, needsValidator: request.expectedDigest == nil,
            isHashed: request.expectedDigest != nil || request.wantsDigest)
        if let response = try shared() {
            try file.remove()
            return .complete(response)
        }
        if file.size > maximumBytes { try file.restart() }
        self.file = file
        return .ready
    }

    /// The file that was left under ``FileRequest/sharedName``, under a name of our own; a wrong one is removed.
    ///
    /// Whoever stored an image with it may remove it at any moment; then it is downloaded.
    private func shared() throws -> HTTPResponse? {
        guard let name = request.sharedName, let wanted = request.expectedDigest,
            let digest = try directory.digest(of: name, size: request.expectedSize, limit: maximumBytes)
        else { return nil }
        guard wanted == "sha256:\(digest.text)" else {
            try directory.descriptor.removeFile(name)
            return nil
        }
        guard let file = try directory.linkPrivately(name, prefix: request.prefix) else { return nil }
        var response = HTTPResponse(status: 200, url: request.request.url, headers: [], isAuthenticated: false)
        response.size = digest.size
        response.digest = wanted
        response.file = file
        return response
    }

    var headers: [(name: String, value: String)] {
        guard let file, file.size > 0 else { return [] }
        let range = [(name: "Range", value: "bytes=\(file.size)-")]
        return range + (file.validator.map { [(name: "If-Range", value: $0)] } ?? [])
    }

    func begin(_ head: ResponseHead, url: WebURL) throws -> Bool {
        guard let file else { return false }
        file.url = "\(url)"
        let total: UInt64?
        switch Resumption(head, offset: file.size) {
        case .restart, .notTheFile: return false
        case .fromStart:
            try file.restart()
            try file.remember(validator(of: head))
            total = head.contentLength
        case .goOn(let known):
            try file.hashWhatIsThere()
            total = known
        }
        if let total, total > maximumBytes { throw tooLarge(file) }
        file.total = total
        if number == nil { number = progress.add(request.label) }
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard let file else { return }
        let (size, isTooLarge) = file.size.addingReportingOverflow(UInt64(bytes.count))
        if isTooLarge || size > maximumBytes { throw tooLarge(file) }
        try file.append(bytes)
        if let number { progress.update(number, received: file.size, total: file.total) }
        progress.report()
    }

    func finish(_ head: ResponseHead, response: inout HTTPResponse) throws -> Bool {
        guard let file else { return true }
        switch Resumption(head, offset: file.offset) {
        case .restart:
            try file.restart()
            return false
        case .notTheFile:
            if head.status == 304 { try file.remove() } else { try file.leave() }
            guard head.status == 304 else { throw HTTPError.status(head.status, url: response.url) }
            return true
        case .fromStart, .goOn: break
        }
        try check(file, url: response.url)
        response.size = file.size
        if let digest = file.digest() { response.digest = "sha256:\(digest)" }
        if let wanted = request.expectedDigest, wanted != response.digest {
            try file.remove()
            throw HTTPError.digestMismatch(wanted: wanted, got: response.digest, url: response.url)
        }
        response.file = try file.finish(prefix: request.prefix, sharedName: request.sharedName)
        self.file = nil
        if let number { progress.finish(number) }
        return true
    }

    /// Whether as much has come as was said; less stays for the next time.
    private func check(_ file: PartialFile, url: String) throws {
        if let total = file.total, file.size != total {
            throw HTTPError.wrongSize(wanted: total, got: file.size, url: url)
        }
        if let wanted = request.expectedSize, file.size != wanted {
            try file.remove()
            throw HTTPError.wrongSize(wanted: wanted, got: file.size, url: url)
        }
    }

    private func tooLarge(_ file: PartialFile) -> HTTPError {
        try? file.remove()  // the reason that follows counts more
        return .tooLarge(limit: maximumBytes, url: file.url)
    }

    deinit { try? file?.leave() }  // a stray empty file does no harm
}

/// A file that is being downloaded, locked, with what is needed to go on with it later.
final class PartialFile {
    private let descriptor: Descriptor
    private let name: String
    private let directory: DownloadDirectory
    private var hash = SHA256Digest()
    private(set) var size: UInt64
    /// How much was there when the hop began.
    private(set) var offset: UInt64
    /// What the file is to have in the end, if the server said so.
    var total: UInt64?
    var url = ""
    /// What the server called the version whose beginning is here.
    private(set) var validator: String?
    private let isHashed: Bool
    private let needsValidator: Bool
    /// The name is not ours any more.
    private var isGone = false

    private static let maximumValidatorBytes = 1_024

    /// Goes on with what is there, unless `needsValidator` and it is not known of which version that is.
    init(
        _ descriptor: consuming Descriptor, name: String, directory: DownloadDirectory, needsValidator: Bool,
        isHashed: Bool
    ) throws {
        self.descriptor = descriptor
        self.name = name
        self.directory = directory
        self.isHashed = isHashed
        self.needsValidator = needsValidator
        size = 0
        offset = 0
        let status = try FileStatus(of: self.descriptor)
        guard status.kind == .file else { throw Failure("'\(name)' in the download directory is no file") }
        size = status.size
        offset = size
        if let file = try? directory.descriptor.open(validatorName, [.readOnly, .noFollow, .nonBlocking]),
            let bytes = try? file.readAll(limit: Self.maximumValidatorBytes)
        {
            let text = String(decoding: bytes, as: UTF8.self)
            validator = !text.isEmpty && ResponseHead.isValue(text) ? text : nil
        }
        if !needsValidator {
            validator = nil
        } else if validator == nil && size > 0 {
            try restart()
        }
    }

    private var validatorName: String { "\(name).etag" }

    /// Throws away what is there.
    func restart() throws {
        let number = descriptor.raw
        // After truncating an empty file, too, closing it would wait until ext4 has begun to write it out.
        if size > 0 { try LinuxSystem.check("ftruncate", "'\(name)'") { ftruncate(number, 0) } }
        try descriptor.seek(to: 0)
        hash = SHA256Digest()
        (size, offset, total) = (0, 0, nil)
        try remember(nil)
    }

    /// Keeps what the server calls this version; nothing of it may be here yet.
    func remember(_ validator: String?) throws {
        self.validator = validator
        if let validator, validator.utf8.count <= Self.maximumValidatorBytes {
            try directory.descriptor.writeFile(Array(validator.utf8), name: validatorName, mode: 0o600, durable: false)
        } else {
            try directory.descriptor.removeFile(validatorName)
        }
    }

    /// Reads what an earlier download has left, so that the digest is that of the whole file.
    func hashWhatIsThere() throws {
        hash = SHA256Digest()
        offset = size
        try descriptor.seek(to: Int64(size))
        guard isHashed else { return }
        guard try hash.update(contentOf: descriptor, upTo: size) == size else {
            throw Failure("'\(name)' in the download directory became shorter")
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try descriptor.writeAll(bytes)
        if isHashed { hash.update(bytes) }
        size += UInt64(bytes.count)
    }

    /// Gives the file its final name, and before that one for others if there is to be one.
    func finish(prefix: String, sharedName: String?) throws -> String {
        try remember(nil)
        if let sharedName { try directory.link(name, as: sharedName) }
        isGone = true
        return try directory.finish(name, prefix: prefix)
    }

    /// The digest of the file, 64 digits, if it was wanted.
    func digest() -> String? { isHashed ? hash.hexadecimalDigits() : nil }

    /// Leaves what is there for the next time, if one can go on with it then.
    func leave() throws { if size == 0 || needsValidator && validator == nil { try remove() } }

    func remove() throws {
        if isGone { return }
        isGone = true
        try directory.descriptor.removeFile(validatorName)
        try directory.descriptor.removeFile(name)
    }
}
