package import JSON

extension FetchJob {
    /// How much rkt may say: keys of a name are the only part that is not small.
    package static let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 16)

    /// Reads what ``bytes`` wrote.
    package init(parsing bytes: [UInt8]) throws {
        try self.init(json: JSONValue(parsing: bytes, limits: Self.limits))
    }

    /// The job on one line.
    package var bytes: [UInt8] { json.serializedBytes() }
}

extension FetchJob: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(try fields.required("request"), transport: try fields.required("transport"))
    }

    package var json: JSONValue { ["request": request.json, "transport": transport.json] }
}

extension FetchRequest: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let choice = try Choice(json, at: path)
        switch choice.name {
        case "discover": self = .discover(try choice.value())
        case "publicKeys": self = .publicKeys(try choice.value())
        case "archive": self = .archive(try choice.value())
        case "registryImage": self = .registryImage(try choice.value())
        case "verify": self = .verify(try choice.value())
        default: throw choice.unknown
        }
    }

    package var json: JSONValue {
        switch self {
        case .discover(let discovery): ["discover": discovery.json]
        case .publicKeys(let source): ["publicKeys": source.json]
        case .archive(let download): ["archive": download.json]
        case .registryImage(let download): ["registryImage": download.json]
        case .verify(let verification): ["verify": verification.json]
        }
    }
}

extension TransportOptions: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            skipsTLSVerification: try fields.required("skipsTLSVerification"),
            allowsHTTP: try fields.required("allowsHTTP"), isDebugging: try fields.required("isDebugging"),
            showsProgress: try fields.required("showsProgress"), limits: try fields.required("limits"),
            userAgent: try fields.headerText("userAgent"))
    }

    package var json: JSONValue {
        [
            "skipsTLSVerification": skipsTLSVerification.json, "allowsHTTP": allowsHTTP.json,
            "isDebugging": isDebugging.json, "showsProgress": showsProgress.json, "limits": limits.json,
            "userAgent": userAgent.json,
        ]
    }
}

extension TransferLimits: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        func number<Number: JSONDecodable & FixedWidthInteger>(_ key: String, upTo maximum: Number) throws -> Number {
            let value: Number = try fields.required(key)
            return try fields.check(key) {
                guard 0...maximum ~= value else { throw FieldProblem.outside(0, UInt64(maximum)) }
                return value
            }
        }
        self.init(
            maximumDownloadBytes: try number("maximumDownloadBytes", upTo: UInt64(Int64.max)),
            maximumDocumentBytes: try number("maximumDocumentBytes", upTo: UInt64(1 << 30)),
            maximumLayers: try number("maximumLayers", upTo: Int(Int32.max)),
            maximumRedirects: try number("maximumRedirects", upTo: 1_000),
            maximumIndexDepth: try number("maximumIndexDepth", upTo: 1_000),
            connectSeconds: try number("connectSeconds", upTo: 1_000_000),
            stallSeconds: try number("stallSeconds", upTo: 1_000_000))
    }

    package var json: JSONValue {
        [
            "maximumDownloadBytes": maximumDownloadBytes.json, "maximumDocumentBytes": maximumDocumentBytes.json,
            "maximumLayers": maximumLayers.json, "maximumRedirects": maximumRedirects.json,
            "maximumIndexDepth": maximumIndexDepth.json, "connectSeconds": connectSeconds.json,
            "stallSeconds": stallSeconds.json,
        ]
    }
}

extension Credentials: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let choice = try Choice(json, at: path)
        let fields = try choice.fields()
        switch choice.name {
        case "basic": self = .basic(user: try fields.required("user"), password: try fields.required("password"))
        case "bearer": self = .bearer(token: try fields.required("token"))
        case "aws":
            self = .aws(
                accessKeyID: try fields.required("accessKeyID"),
                secretAccessKey: try fields.required("secretAccessKey"), region: try fields.optional("region"))
        default: throw choice.unknown
        }
    }

    package var json: JSONValue {
        switch self {
        case .basic(let user, let password): return ["basic": ["user": user.json, "password": password.json]]
        case .bearer(let token): return ["bearer": ["token": token.json]]
        case .aws(let accessKeyID, let secretAccessKey, let region):
            var fields: JSONObject = ["accessKeyID": accessKeyID.json, "secretAccessKey": secretAccessKey.json]
            fields.set("region", ifPresent: region)
            return ["aws": fields.json]
        }
    }
}

extension HostCredentials: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(host: try fields.required("host"), credentials: try fields.required("credentials"))
    }

    package var json: JSONValue { ["host": host.json, "credentials": credentials.json] }
}

extension Discovery: JSONCodable {
    private struct Label: JSONDecodable {
        var name: String
        var value: String

        init(json: JSONValue, at path: JSONPath) throws {
            let fields = try JSONFields(json, at: path)
            name = try fields.required("name")
            value = try fields.required("value")
        }
    }

    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            name: try fields.required("name"),
            labels: try fields.list("labels", of: Label.self).map { ($0.name, $0.value) },
            credentials: try fields.list("credentials"))
    }

    package var json: JSONValue {
        [
            "name": name.json,
            "labels": .array(labels.map { ["name": $0.name.json, "value": $0.value.json] }),
            "credentials": credentials.json,
        ]
    }
}

extension KeySource: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let choice = try Choice(json, at: path)
        switch choice.name {
        case "discovery": self = .discovery(prefix: try choice.value())
        case "url": self = .url(try choice.value())
        case "text": self = .text(try choice.value())
        default: throw choice.unknown
        }
    }

    package var json: JSONValue {
        switch self {
        case .discovery(let prefix): ["discovery": prefix.json]
        case .url(let url): ["url": url.json]
        case .text(let text): ["text": text.json]
        }
    }
}

extension ArchiveDownload: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            url: try fields.required("url"), signatureURL: try fields.optional("signatureURL"),
            etag: try fields.optional("etag"), credentials: try fields.list("credentials"),
            label: try fields.required("label"), acceptedKeys: try fields.optional("acceptedKeys"))
    }

    package var json: JSONValue {
        var fields: JSONObject = ["url": url.json, "label": label.json, "credentials": credentials.json]
        fields.set("signatureURL", ifPresent: signatureURL)
        fields.set("etag", ifPresent: etag)
        fields.set("acceptedKeys", ifPresent: acceptedKeys)
        return fields.json
    }
}

extension RegistryDownload: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            host: try fields.required("host"), repository: try fields.required("repository"),
            reference: try fields.required("reference"), platform: try fields.required("platform"),
            credentials: try fields.optional("credentials"), tokenHosts: try fields.list("tokenHosts"))
    }

    package var json: JSONValue {
        var fields: JSONObject = [
            "host": host.json, "repository": repository.json, "reference": reference.json, "platform": platform.json,
            "tokenHosts": tokenHosts.json,
        ]
        fields.set("credentials", ifPresent: credentials)
        return fields.json
    }
}

extension OCIPlatform: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            os: try fields.required("os"), architecture: try fields.required("architecture"),
            variant: try fields.optional("variant"))
    }

    package var json: JSONValue {
        var fields: JSONObject = ["os": os.json, "architecture": architecture.json]
        fields.set("variant", ifPresent: variant)
        return fields.json
    }
}

extension TrustedKey: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(fingerprint: try fields.fingerprint("fingerprint"), text: try fields.required("text"))
    }

    package var json: JSONValue { ["fingerprint": fingerprint.json, "text": text.json] }
}

extension Verification: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            file: try fields.required("file"), signature: try fields.base64("signature"),
            keys: try fields.list("keys"))
    }

    package var json: JSONValue { ["file": file.json, "signature": signature.json, "keys": keys.json] }
}
