package import FetchInterface
import LinuxSystem

/// Refuses a signature that none of the keys can have made, before anything large is downloaded.
package typealias IssuerCheck = (_ signature: [UInt8], _ keys: [TrustedKey]) throws -> Void

/// Fetches an archive: signature, archive, and the signature once more where the server wanted to have it so.
///
/// Source: rkt 1.30.0, rkt/image; appc spec 0.8.11, discovery.md, "Authentication" and "Validation".
func fetchArchive(
    _ request: ArchiveDownload, _ client: HTTPClient, _ log: DebugLog, checkIssuers: IssuerCheck
) throws -> FetchAnswer {
    var signature = try request.signatureURL.flatMap { url in
        try fetchSignature(url, request.credentials, client, log)
    }
    if let signature, let keys = request.acceptedKeys { try checkIssuers(signature, keys) }
    let isDeferred = request.signatureURL != nil && signature == nil
    guard let answer = try fetchImage(request, client, log) else { return .notModified }
    do {
        if isDeferred, let url = request.signatureURL {
            log.line("server requested deferring the signature download")
            signature = try fetchSignature(url, request.credentials, client, log)
            guard let signature else {
                throw Failure(
                    "error downloading the signature file",
                    cause: Failure("server asked to defer the download again"))
            }
            if let keys = request.acceptedKeys { try checkIssuers(signature, keys) }
        }
    } catch {
        try? client.directory.remove(finished: answer.file)  // the reason counts more
        throw error
    }
    return .archive(
        DownloadedArchive(
            file: answer.file, signature: base64(signature ?? []), etag: answer.header("etag") ?? "",
            maxAge: maxAge(cacheControl: answer.headers.filter { $0.name == "cache-control" }.map(\.value))))
}

/// `nil` when the server says that it will come later.
private func fetchSignature(
    _ url: String, _ credentials: [HostCredentials], _ client: HTTPClient, _ log: DebugLog
) throws -> [UInt8]? {
    try explaining("error downloading the signature file") {
        let place = try WebURL(url)
        log.line("downloading signature from \(place)")
        let response = try client.document(HTTPRequest(url, credentials: credentials))
        switch response.status {
        case 200: return response.body
        case 202: return nil
        default: throw HTTPError.status(response.status, url: response.url)
        }
    }
}

/// `nil` when what we have is still what the server would send.
private func fetchImage(_ request: ArchiveDownload, _ client: HTTPClient, _ log: DebugLog) throws -> HTTPResponse? {
    let url = try WebURL(request.url)
    return try explaining("error downloading '\(url)'") {
        log.line("fetching image from \(url)")
        let headers = request.etag.flatMap { $0.isEmpty ? nil : [(name: "If-None-Match", value: $0)] } ?? []
        let http = HTTPRequest(request.url, headers: headers, credentials: request.credentials)
        let file = FileRequest(http, label: request.label, key: "\(url)", prefix: "archive")
        guard let response = try client.download([file], parallel: 1).first else { throw HTTPError.setup("to answer") }
        guard response.status == 304 else { return response }
        guard !headers.isEmpty else { throw HTTPError.status(304, url: response.url) }
        return nil
    }
}
