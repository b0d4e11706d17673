import AppContainer
import Digests
import FetchInterface
import ImageStore
import LinuxSystem
import SystemPackage

/// One image that a server is asked for.
private final class Download {
    let request: ImageRequest
    /// Nobody else fetches the same meanwhile.
    let lock: WorkLock
    /// Where an archive may be, the best place first; those that were tried are gone.
    var endpoints: [Endpoint] = []
    var attempts: [FetchError.Attempt] = []
    /// What the store has of the place that is asked, if it may be used again.
    var stored: RemoteRow?
    var acceptedKeys: [TrustedKey]?
    var image: FetchedImage?
    /// Where its progress is shown.
    var bars: DownloadBars?

    init(_ request: ImageRequest, _ lock: WorkLock) {
        self.request = request
        self.lock = lock
    }

    var name: ImageName? { if case .name(let name) = request.reference { name } else { nil } }
}

// Images from servers, several at once.
extension ImageFetcher {
    /// Downloads images, none of which the store may answer for.
    func download(_ requests: [ImageRequest], _ policy: PullPolicy) throws -> [ImageRequest: FetchedImage] {
        for request in requests { try checkIsPossible(request) }
        let start = now()
        // Always in one order: two processes that want the same images do not wait for each other.
        let downloads = try requests.map { ($0, Self.lockName($0.reference)) }.sorted { $0.1 < $1.1 }.map {
            Download(
                $0, try store.lockWork($1) { dialogue.log("another rkt instance is downloading this file, waiting...") }
            )
        }
        for download in downloads where download.lock.hasWaited && policy == .new {
            download.image = try fetchedMeanwhile(download.request)
        }
        try discover(downloads.filter { $0.image == nil })
        try fetchAll(downloads.filter { $0.image == nil }, since: start)
        var images: [ImageRequest: FetchedImage] = [:]
        for download in downloads { images[download.request] = download.image }
        return images
    }

    /// What can be known to be in vain before anybody is asked.
    private func checkIsPossible(_ request: ImageRequest) throws {
        guard case .registry = request.reference, options.checksSignatures else { return }
        throw FetchError.unsignedKind("docker")
    }

    /// One name for all who want the same.
    private static func lockName(_ reference: ImageReference) -> String {
        var digest = SHA256Digest()
        Array(reference.description.utf8).withUnsafeBytes { digest.update($0) }
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        bytes.withUnsafeMutableBytes { digest.finish(into: $0) }
        return "fetch-\(hexadecimal(bytes))"
    }

    private func fetchedMeanwhile(_ request: ImageRequest) throws -> FetchedImage? {
        switch request.reference {
        case .name(let name): (try? store.best(named: name).id).map { FetchedImage($0, isNew: false) }
        default: try store.remote(for: request.reference.description).map { FetchedImage($0.id, isNew: false) }
        }
    }

    /// Finds out where each image may be, and which keys may have signed it.
    private func discover(_ downloads: [Download]) throws {
        let named = downloads.filter { $0.name != nil }
        let jobs = try named.compactMap(\.name).map { name in
            dialogue.debug("searching for app image \(name)")
            return try FetchJob(
                .discover(
                    Discovery(
                        name: name.name.rawValue, labels: name.labels.entries.map { ($0.name.rawValue, $0.value) },
                        credentials: access().credentials)), transport: options.transport(limits().transfer))
        }
        if !jobs.isEmpty {
            try data.fetchProgram().answer(jobs) { index, answer in
                guard let name = named[index].name else { return }
                let endpoints = try explaining("discovery failed for \"\(name)\"") { try answer.endpoints() }
                guard !endpoints.isEmpty else { throw FetchError.noEndpoints(name) }
                named[index].endpoints = endpoints
            }
        }
        for download in downloads {
            if case .archive(let url) = download.request.reference {
                download.endpoints = [Endpoint(archiveURL: "\(url)", signatureURL: url.signatureURL)]
            }
        }
    }

    /// Asks one server after the other until each image is here.
    private func fetchAll(_ downloads: [Download], since start: Int64) throws {
        showBars(for: downloads)
        var pending = downloads
        while !pending.isEmpty {
            for download in pending { try useStored(download, since: start) }
            pending.removeAll { $0.image != nil }
            for download in pending {
                guard let name = download.name, options.checksSignatures, download.acceptedKeys == nil else { continue }
                download.acceptedKeys = try acceptedKeys(for: name.name)
            }
            let jobs = try pending.map(job)
            if jobs.isEmpty { return }
            try data.fetchProgram().answer(jobs, bars: pending.compactMap(\.bars)) { index, answer in
                try take(answer, pending[index])
            }
            pending.removeAll { $0.image != nil }
        }
    }

    /// Gives each download bars that say which image they belong to, where there is more than one.
    private func showBars(for downloads: [Download]) {
        guard let board else { return }
        for (download, name) in zip(downloads, barNames(downloads.map(\.request.reference))) {
            download.bars = DownloadBars(board, name: name)
        }
    }

    /// Uses what the store has where the server said that it will do, or where it was fetched while we waited.
    private func useStored(_ download: Download, since start: Int64) throws {
        let url = download.endpoints.first?.archiveURL ?? download.request.reference.description
        download.stored = nil
        guard let row = try store.remote(for: url), try isAsGoodAsFetched(row.id) else { return }
        if let name = download.name { try checkIdentity(of: store.manifest(of: row.id), against: name) }
        download.stored = row
        if row.isFresh(now: now()) || download.lock.hasWaited && row.downloadTime >= start {
            dialogue.debug("image for \(url) isn't expired, not fetching.")
            download.image = FetchedImage(row.id, isNew: false)
        }
    }

    private func job(for download: Download) throws -> FetchJob {
        let transport = try options.transport(limits().transfer)
        if case .registry(let reference) = download.request.reference {
            return try FetchJob(.registryImage(registryDownload(reference)), transport: transport)
        }
        guard let place = download.endpoints.first else { throw FetchError.notInStore(download.request.reference) }
        dialogue.debug("remote fetching from URL \"\(place.archiveURL)\"")
        let isSignatureLocal = download.request.signature != nil
        let wantsSignature = options.checksSignatures && !isSignatureLocal
        let request = try ArchiveDownload(
            url: place.archiveURL, signatureURL: wantsSignature ? place.signatureURL : nil,
            etag: download.stored.flatMap { $0.etag.isEmpty ? nil : $0.etag }, credentials: access().credentials,
            label: "ACI", acceptedKeys: wantsSignature ? download.acceptedKeys : nil)
        return FetchJob(.archive(request), transport: transport)
    }

    private func take(_ answer: FetchAnswer, _ download: Download) throws {
        if case .registry(let reference) = download.request.reference {
            download.image = try adopt(answer.registryImage(), reference)
            return
        }
        guard let place = download.endpoints.first else { return }
        if let name = download.name {
            hint(about: answer, name.name)
            if answer.isNotFound {
                download.attempts.append(FetchError.Attempt(url: place.archiveURL, reason: answer.reason))
                download.endpoints.removeFirst()
                guard download.endpoints.isEmpty, download.attempts.count > 1 else {
                    if !download.endpoints.isEmpty { return }
                    _ = try answer.archive()  // throws: the only place
                    return
                }
                throw FetchError.noImageAnywhere(name, download.attempts)
            }
        }
        guard let archive = try answer.archive() else {
            download.image = try refresh(download.stored, url: place.archiveURL)
            return
        }
        defer { remove(archive.file) }
        download.image = try adopt(archive, download.request, place, download.name)
    }

    /// The server has nothing newer.
    private func refresh(_ row: RemoteRow?, url: String) throws -> FetchedImage {
        guard var row, try store.remote(for: url)?.id == row.id else { throw FetchError.goneMeanwhile(url) }
        row.downloadTime = now()
        try store.remember(row)
        return FetchedImage(row.id, isNew: false)
    }

    private func adopt(
        _ archive: DownloadedArchive, _ request: ImageRequest, _ place: Endpoint, _ name: ImageName?
    ) throws -> FetchedImage {
        let file = try data.fetchProgram().open(archive.file)
        let signature: String? =
            if !options.checksSignatures { nil } else if let path = request.signature { try readSignature(path) } else {
                archive.signature
            }
        let image = try explaining("cannot use the image from '\(place.archiveURL)'") {
            try adopt(
                file, signature: signature, name: name, latest: name.map { $0.labels["version"] == nil } ?? false,
                from: "\(request.reference)", relevant: [.image, .tls, .http, .publicKey])
        }
        try store.remember(
            RemoteRow(
                url: place.archiveURL, signatureURL: signature == nil ? "" : place.signatureURL, etag: archive.etag,
                id: image.id, maxAge: archive.maxAge, downloadTime: now()))
        return image
    }

    /// Removes a file that the fetch program made.
    func remove(_ file: String) {
        (try? data.fetchProgram())?.remove(file)  // it was there a moment ago
    }
}
