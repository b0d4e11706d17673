import CCurl
import FetchInterface

/// One transfer of libcurl, with everything off that is not asked for.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let words: UnsafeMutablePointer<CChar>

    init() throws(HTTPError) {
        guard let raw = curl_easy_init() else { throw .setup("a handle") }
        self.raw = raw
        words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headers)
        words.deallocate()
    }

    /// What every request gets: no redirects, cookies, other protocols or other sources of passwords.
    func prepare(_ options: TransportOptions, _ certificates: Certificates) throws(HTTPError) {
        curl_easy_reset(raw)
        curl_slist_free_all(headers)
        headers = nil
        words.pointee = 0
        try pointer(CURLOPT_ERRORBUFFER, words, "an error buffer")
        try number(CURLOPT_NOSIGNAL, 1, "no signals")
        try number(CURLOPT_FOLLOWLOCATION, 0, "no redirects")
        try number(CURLOPT_DISALLOW_USERNAME_IN_URL, 1, "no users in URLs")
        try number(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1, "HTTP/1.1")
        try number(CURLOPT_HTTP09_ALLOWED, 0, "no HTTP/0.9")
        try number(CURLOPT_PATH_AS_IS, 1, "paths as they are")
        try number(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, "no headers of proxies")
        try number(CURLOPT_BUFFERSIZE, 256 << 10, "a buffer")
        try text(CURLOPT_PROTOCOLS_STR, "http,https", "protocols")
        try number(CURLOPT_CONNECTTIMEOUT, options.limits.connectSeconds, "a time to connect")
        try number(CURLOPT_LOW_SPEED_LIMIT, 1, "a lowest speed")
        try number(CURLOPT_LOW_SPEED_TIME, options.limits.stallSeconds, "a time for the lowest speed")
        try text(CURLOPT_USERAGENT, options.userAgent, "a name")
        try trust(options, certificates)
    }

    private func trust(_ options: TransportOptions, _ certificates: Certificates) throws(HTTPError) {
        try number(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2, "TLS 1.2")
        for (peer, host) in [
            (CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST),
            (CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST),
        ] {
            try number(peer, options.skipsTLSVerification ? 0 : 1, "the check of certificates")
            try number(host, options.skipsTLSVerification ? 0 : 2, "the check of certificates")
        }
        if !certificates.bundle.isEmpty {
            try blob(CURLOPT_CAINFO_BLOB, certificates.bundle)
            try blob(CURLOPT_PROXY_CAINFO_BLOB, certificates.bundle)
        } else if let file = certificates.file {
            try text(CURLOPT_CAINFO, file, "SSL_CERT_FILE")
            try text(CURLOPT_PROXY_CAINFO, file, "SSL_CERT_FILE")
        }
        if let directories = certificates.directories {
            try text(CURLOPT_CAPATH, directories, "SSL_CERT_DIR")
            try text(CURLOPT_PROXY_CAPATH, directories, "SSL_CERT_DIR")
        }
    }

    /// Where to, and as whom.
    func aim(
        at url: WebURL, method: HTTPMethod, headers lines: [(name: String, value: String)], credentials: Credentials?,
        proxy: String?
    ) throws(HTTPError) {
        try text(CURLOPT_URL, url.description, "the URL")
        try number(CURLOPT_HTTPGET, 1, "GET")
        if method == .head { try number(CURLOPT_NOBODY, 1, "HEAD") }
        try text(CURLOPT_PROXY, proxy ?? "", "the proxy")
        try text(CURLOPT_NOPROXY, "", "the proxy")
        for (name, value) in lines {
            let isPrivate = ["authorization", "cookie", "proxy-authorization", "host"].contains(name.lowercased())
            guard ResponseHead.isName(name), ResponseHead.isValue(value), !isPrivate else { throw .badHeader(name) }
            try add(header: name, value)
        }
        switch credentials {
        case .aws(let id, let secret, let region):
            guard ResponseHead.isValue(id + secret), !id.utf8.contains(UInt8(ascii: ":")) else {
                throw .badHeader("Authorization")
            }
            try text(CURLOPT_USERNAME, id, "the access key")
            try text(CURLOPT_PASSWORD, secret, "the access key")
            try text(CURLOPT_AWS_SIGV4, "aws:amz:\(region ?? awsRegion(ofHost: url.host)):s3", "the region")
            try add(header: "x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        case .basic, .bearer:
            guard let value = credentials?.authorization, ResponseHead.isValue(value) else {
                throw .badHeader("Authorization")
            }
            try add(header: "Authorization", value)
        case nil: break
        }
        guard headers == nil || ccurl_set_list(raw, CURLOPT_HTTPHEADER, headers) == CURLE_OK else {
            throw .setup("the headers")
        }
    }

    /// Who gets what comes back: `context` has to live as long as the transfer.
    func deliver(head: ccurl_data_callback, body: ccurl_data_callback, to context: UnsafeMutableRawPointer)
        throws(HTTPError)
    {
        guard ccurl_set_callback(raw, CURLOPT_HEADERFUNCTION, head) == CURLE_OK,
            ccurl_set_callback(raw, CURLOPT_WRITEFUNCTION, body) == CURLE_OK
        else { throw .setup("the callbacks") }
        try pointer(CURLOPT_HEADERDATA, context, "the callbacks")
        try pointer(CURLOPT_WRITEDATA, context, "the callbacks")
    }

    func number(_ option: CURLoption, _ value: Int, _ what: String) throws(HTTPError) {
        guard ccurl_set_long(raw, option, value) == CURLE_OK else { throw .setup(what) }
    }

    /// Why the transfer failed, in the words of libcurl.
    func words(for code: CURLcode) -> String {
        let text = String(cString: words)
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }

    /// Whether a connection was there before the transfer ended.
    var wasConnected: Bool { ccurl_get_offset(raw, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    private func text(_ option: CURLoption, _ value: String, _ what: String) throws(HTTPError) {
        guard !value.utf8.contains(0), ccurl_set_string(raw, option, value) == CURLE_OK else { throw .setup(what) }
    }

    private func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer, _ what: String) throws(HTTPError) {
        guard ccurl_set_pointer(raw, option, value) == CURLE_OK else { throw .setup(what) }
    }

    private func blob(_ option: CURLoption, _ bytes: [UInt8]) throws(HTTPError) {
        guard bytes.withUnsafeBytes({ ccurl_set_blob(raw, option, $0.baseAddress, $0.count) }) == CURLE_OK else {
            throw .setup("the certificates")
        }
    }

    private func add(header name: String, _ value: String) throws(HTTPError) {
        // An empty value would mean the removal of a header that libcurl adds by itself.
        let line = value.isEmpty ? "\(name);" : "\(name): \(value)"
        guard let longer = curl_slist_append(headers, line) else { throw .setup("a header") }
        headers = longer
    }
}
