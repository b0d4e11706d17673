import FetchInterface
import LinuxSystem
import OCIImage
import SystemPackage

extension RegistrySession {
    /// How many blobs are downloaded at once.
    private static let parallelDownloads = 4

    /// Downloads config and layers, each digest once.
    mutating func download(_ manifest: OCIManifest, _ digest: OCIDigest) throws -> RegistryImage {
        let blobs = try blobs(of: manifest)
        let files: [OCIDigest: String]
        do {
            files = try download(blobs)
        } catch {
            if !isPassing(error) { try forget(blobs) }
            throw error
        }
        for blob in blobs { try client.directory.descriptor.removeFile(blob.digest.fileName) }
        func downloaded(_ blob: OCIDescriptor) throws -> DownloadedBlob {
            guard let file = files[blob.digest] else { throw RegistryError.blobNotFound(blob.digest) }
            return DownloadedBlob(
                digest: blob.digest.description, mediaType: blob.mediaType, size: blob.size, file: file)
        }
        return RegistryImage(
            manifestDigest: digest.description, config: try downloaded(manifest.config),
            layers: try manifest.layers.map(downloaded))
    }

    /// What is to be downloaded.
    private func blobs(of manifest: OCIManifest) throws -> [OCIDescriptor] {
        var seen: Set<OCIDigest> = []
        let blobs = ([manifest.config] + manifest.layers).filter { seen.insert($0.digest).inserted }
        for blob in blobs where blob.digest.algorithm != .sha256 {
            throw RegistryError.unsupportedBlobDigest(blob.digest)
        }
        return blobs
    }

    /// Downloads the blobs and tells their files.
    ///
    /// An authorization that expires on the way is renewed as often as at least one more blob was completed in between.
    private mutating func download(_ blobs: [OCIDescriptor]) throws -> [OCIDigest: String] {
        var complete = -1
        while true {
            do {
                let answers = try client.download(blobs.map(request), parallel: Self.parallelDownloads)
                let files = zip(blobs, answers).map { ($0.digest, $1.file) }
                return Dictionary(files) { first, _ in first }
            } catch HTTPError.status(let status, let url) {
                let isOurs = try isRegistry(url)
                switch status {
                case 401 where isOurs:
                    let now = try completeBlobs(blobs)
                    guard now > complete else { throw RegistryError.unexpectedStatus(status, url: url) }
                    complete = now
                    try renewAuthorization(for: blobs[0].digest)
                case 401: throw RegistryError.foreignChallenge(url: url, host: name.host)
                case 404:
                    guard let blob = blobs.first(where: { self.url(of: $0.digest) == url }) else { fallthrough }
                    throw RegistryError.blobNotFound(blob.digest)
                default: throw RegistryError.unexpectedStatus(status, url: url)
                }
            }
        }
    }

    /// Removes what has come of blobs, complete or not, except what another process is about to complete.
    private func forget(_ blobs: [OCIDescriptor]) throws {
        let directory = client.directory
        for blob in blobs {
            try directory.descriptor.removeFile(blob.digest.fileName)
            let partial = DownloadDirectory.partialName(blob.digest.description)
            guard let locked = try directory.openPartial(partial, waits: false) else { continue }
            try directory.descriptor.removeFile(partial)
            _ = consume locked
        }
    }

    private func request(for blob: OCIDescriptor) -> FileRequest {
        let url = url(of: blob.digest)
        return FileRequest(
            HTTPRequest(url, credentials: authorization, maximumBytes: blob.size),
            label: String(blob.digest.description.prefix(18)), key: blob.digest.description,
            expectedDigest: blob.digest.description, expectedSize: blob.size,
            sharedName: blob.digest.fileName, prefix: blob.digest.fileName)
    }

    /// How many blobs are in the directory, complete.
    private func completeBlobs(_ blobs: [OCIDescriptor]) throws -> Int {
        var count = 0
        for blob in blobs {
            do {
                _ = try FileStatus(of: blob.digest.fileName, below: client.directory.descriptor)
                count += 1
            } catch {
                guard error.errno == .noSuchFileOrDirectory else { throw error }
            }
        }
        return count
    }
}

/// Whether the same may work later, so that what has come is worth keeping.
private func isPassing(_ error: any Error) -> Bool {
    switch error {
    case HTTPError.transfer, HTTPError.stalled, HTTPError.tooSlow, HTTPError.connectionTimeout: true
    case RegistryError.unexpectedStatus(let status, _): status >= 500 || status == 429 || status == 401
    default: false
    }
}
