package import JSON

extension FetchAnswer {
    /// How much the fetch program may say; it may have been taken over by whom it talked to.
    package static let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 16)

    /// Reads what ``bytes`` wrote, and checks all of it: names are plain, digests and fingerprints are digits, texts
    /// hold nothing that a terminal would obey.
    package init(parsing bytes: [UInt8]) throws {
        try self.init(json: JSONValue(parsing: bytes, limits: Self.limits))
    }

    /// The answer on one line.
    package var bytes: [UInt8] { json.serializedBytes() }
}

extension FetchAnswer: JSONCodable {
    /// Sentences of a failure that are kept.
    private static let maximumSentences = 32
    /// Characters of one that are kept.
    private static let maximumSentenceLength = 4_000

    package init(json: JSONValue, at path: JSONPath) throws {
        let choice = try Choice(json, at: path)
        switch choice.name {
        case "endpoints": self = .endpoints(try choice.value())
        case "publicKeys": self = .publicKeys(try choice.value())
        case "archive": self = .archive(try choice.value())
        case "notModified":
            _ = try choice.value() as Bool
            self = .notModified
        case "registryImage": self = .registryImage(try choice.value())
        case "signatures": self = .signatures(try choice.value())
        case "failure":
            let sentences: [String] = try choice.value()
            let kept = sentences.prefix(Self.maximumSentences).map {
                printable(String($0.prefix(Self.maximumSentenceLength)))
            }
            self = .failure(kept.isEmpty ? ["fetching failed without a reason"] : kept)
        default: throw choice.unknown
        }
    }

    package var json: JSONValue {
        switch self {
        case .endpoints(let endpoints): ["endpoints": endpoints.json]
        case .publicKeys(let files): ["publicKeys": files.json]
        case .archive(let archive): ["archive": archive.json]
        case .notModified: ["notModified": true]
        case .registryImage(let image): ["registryImage": image.json]
        case .signatures(let content): ["signatures": content.json]
        case .failure(let sentences): ["failure": sentences.json]
        }
    }
}

extension Endpoint: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(archiveURL: try fields.url("archiveURL"), signatureURL: try fields.url("signatureURL"))
    }

    package var json: JSONValue { ["archiveURL": archiveURL.json, "signatureURL": signatureURL.json] }
}

extension PublicKeyFile: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            location: try fields.checked("location", .notURL) { $0.isEmpty || isWebURL($0) },
            isAuthenticated: try fields.required("isAuthenticated"), text: try fields.required("text"),
            keys: try fields.list("keys"))
    }

    package var json: JSONValue {
        [
            "location": location.json, "isAuthenticated": isAuthenticated.json, "text": text.json, "keys": keys.json,
        ]
    }
}

extension PublicKey: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let subkeys: [String] = try fields.list("subkeyFingerprints")
        for (index, subkey) in subkeys.enumerated() {
            try fields.path.member("subkeyFingerprints").element(index).locate {
                guard subkey.utf8.count == 40, isHexadecimal(subkey) else { throw FieldProblem.notDigits(count: 40) }
            }
        }
        self.init(
            fingerprint: try fields.fingerprint("fingerprint"), subkeyFingerprints: subkeys,
            identities: try fields.list("identities", of: String.self).map(printable),
            text: try fields.required("text"), isExpired: try fields.required("isExpired"),
            isRevoked: try fields.required("isRevoked"))
    }

    package var json: JSONValue {
        [
            "fingerprint": fingerprint.json, "subkeyFingerprints": subkeyFingerprints.json,
            "identities": identities.json, "text": text.json, "isExpired": isExpired.json, "isRevoked": isRevoked.json,
        ]
    }
}

extension DownloadedArchive: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let maxAge: Int64 = try fields.required("maxAge")
        self.init(
            file: try fields.fileName("file"), signature: try fields.base64("signature"),
            etag: try fields.headerText("etag"), maxAge: max(0, maxAge))
    }

    package var json: JSONValue {
        ["file": file.json, "signature": signature.json, "etag": etag.json, "maxAge": maxAge.json]
    }
}

extension DownloadedBlob: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            digest: try fields.digest("digest"), mediaType: try fields.headerText("mediaType"),
            size: try fields.required("size"), file: try fields.fileName("file"))
    }

    package var json: JSONValue {
        ["digest": digest.json, "mediaType": mediaType.json, "size": size.json, "file": file.json]
    }
}

extension RegistryImage: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            manifestDigest: try fields.digest("manifestDigest"), config: try fields.required("config"),
            layers: try fields.list("layers"))
    }

    package var json: JSONValue {
        ["manifestDigest": manifestDigest.json, "config": config.json, "layers": layers.json]
    }
}

extension SignedContent: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            contentDigest: try fields.digits("contentDigest", count: 64), signatures: try fields.list("signatures"))
    }

    package var json: JSONValue { ["contentDigest": contentDigest.json, "signatures": signatures.json] }
}

extension SignatureVerdict: JSONCodable {
    /// The fingerprint may be a key ID, or nothing, only where there is a problem.
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let problem: String? = try fields.optional("problem")
        self.init(
            fingerprint: try fields.checked("fingerprint", .notDigits(count: 40)) {
                isHexadecimal($0) && (problem == nil ? $0.utf8.count == 40 : $0.utf8.count <= 64)
            },
            identities: try fields.list("identities", of: String.self).map(printable),
            problem: problem.map(printable))
    }

    package var json: JSONValue {
        var fields: JSONObject = ["fingerprint": fingerprint.json, "identities": identities.json]
        fields.set("problem", ifPresent: problem)
        return fields.json
    }
}
