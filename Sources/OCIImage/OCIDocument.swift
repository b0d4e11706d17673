import JSON

/// What an image of one platform is made of.
///
/// Source: OCI image-spec 1.1, manifest.md; distribution, docs/spec/manifest-v2-2.md.
package struct OCIManifest: Equatable, Sendable {
    package let config: OCIDescriptor
    /// The lowest one first; each has a type that ``OCILayerCompression`` knows.
    package let layers: [OCIDescriptor]
}

/// Manifests for several platforms, and indexes.
///
/// Source: OCI image-spec 1.1, image-index.md; distribution, docs/spec/manifest-v2-2.md, "Manifest List".
package struct OCIIndex: Equatable, Sendable {
    package let manifests: [OCIDescriptor]

    package init(manifests: [OCIDescriptor]) { self.manifests = manifests }
}

/// A manifest or an index that can be read in one way only.
package enum OCIDocument: Equatable, Sendable {
    case manifest(OCIManifest)
    case index(OCIIndex)

    /// Reads and checks a document.
    ///
    /// `announced` is what somebody else said about its type: the descriptor that led here, or the `Content-Type` of the
    /// answer, which may have parameters. Where several say something they have to agree, with each other and with the
    /// content.
    ///
    /// - Throws: ``OCIImageError``.
    package init(
        parsing content: [UInt8], announced: [String] = [], limits: OCILimits = .standard
    ) throws(OCIImageError) {
        if content.count > limits.maximumDocumentBytes {
            throw .documentTooLarge(maximumDocumentBytes: limits.maximumDocumentBytes)
        }
        var claims: [String] = []
        for text in announced {
            guard let claim = try claim(contentType: text) else { continue }
            claims.append(claim)
        }
        let json: JSONValue
        do { json = try JSONValue(parsing: content, limits: limits.json) } catch {
            let first = content.first { !" \t\r\n".utf8.contains($0) }
            throw first == UInt8(ascii: "<") ? .html : .notJSON("\(error)")
        }
        do {
            self = try Self(json: json, claims: claims, limits: limits)
        } catch let error as OCIImageError {
            throw error
        } catch {
            throw Self.innermost(error)
        }
    }

    private init(json: JSONValue, claims: [String], limits: OCILimits) throws {
        let fields = try JSONFields(json, at: .root)
        try Self.checkSchema(fields.object)
        var claims = claims
        if let text: String = try fields.optional("mediaType") { claims.append(try checkedMediaType(text)) }
        if let first = claims.first, let other = claims.first(where: { $0 != first }) {
            throw OCIImageError.mediaTypesDiffer(announced: first, body: other)
        }
        let kind = try Self.kind(of: fields.object)
        if let claim = claims.first {
            guard let claimed = OCIDocumentKind(mediaType: claim) else { throw OCIImageError.unknownDocument(claim) }
            if claimed != kind { throw OCIImageError.contradictsMediaType(claim) }
        }
        switch kind {
        case .manifest: self = .manifest(try OCIManifest(fields, limits))
        case .index: self = .index(OCIIndex(manifests: try fields.list("manifests")))
        }
    }

    private static func checkSchema(_ object: JSONObject) throws(OCIImageError) {
        switch object["schemaVersion"]?.number?.text {
        case "2": return
        case "1": throw .schema1
        case let version: throw .unknownSchema(excerpt(of: version ?? "missing"))
        }
    }

    /// What the members say; those of both kinds are an error.
    private static func kind(of object: JSONObject) throws(OCIImageError) -> OCIDocumentKind {
        let ofManifest = ["config", "layers", "fsLayers"].filter { object[$0] != nil }
        if object["manifests"] == nil {
            if ofManifest.contains("fsLayers") { throw .ambiguous("'fsLayers' and schemaVersion 2") }
            return .manifest
        }
        if let member = ofManifest.first { throw .ambiguous("'manifests' and '\(member)'") }
        return .index
    }

    /// Errors of ours as they are, those about fields with the field's name.
    private static func innermost(_ error: any Error) -> OCIImageError {
        guard let field = error as? JSONFieldError else { return .invalidDocument("\(error)") }
        return field.cause as? OCIImageError ?? .invalidDocument("\(field)")
    }
}

extension OCIManifest {
    fileprivate init(_ fields: JSONFields, _ limits: OCILimits) throws {
        config = try fields.required("config")
        if !isConfig(mediaType: config.mediaType) {
            throw OCIImageError.notAnImage(configMediaType: excerpt(of: config.mediaType))
        }
        if config.size > limits.maximumDocumentBytes {
            throw OCIImageError.configTooLarge(maximumDocumentBytes: limits.maximumDocumentBytes)
        }
        let elements: [JSONValue] = try fields.required("layers")
        if elements.isEmpty { throw OCIImageError.noLayers }
        if elements.count > limits.maximumLayers {
            throw OCIImageError.tooManyLayers(maximumLayers: limits.maximumLayers)
        }
        layers = try fields.list("layers")
        var sizes = [config.digest: config.size]
        var total: UInt64 = 0
        for layer in layers {
            _ = try OCILayerCompression(mediaType: layer.mediaType)
            if let size = sizes.updateValue(layer.size, forKey: layer.digest) {
                if size != layer.size { throw OCIImageError.sizesDiffer(layer.digest) }
                continue
            }
            let (sum, overflow) = total.addingReportingOverflow(layer.size)
            if overflow || sum > limits.maximumDownloadBytes {
                throw OCIImageError.layersTooLarge(maximumDownloadBytes: limits.maximumDownloadBytes)
            }
            total = sum
        }
    }
}

/// The media type in a `Content-Type`, nil for those that say nothing about the content.
private func claim(contentType: String) throws(OCIImageError) -> String? {
    let type = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    if OCIDocumentKind(mediaType: type) != nil { return type }
    if OCIDocumentKind.isSchema1(type) { throw .schema1 }
    switch type {
    case "", "application/json", "application/octet-stream", "text/plain": return nil
    case "text/html", "application/xhtml+xml": throw .html
    default: throw .unexpectedContentType(excerpt(of: type))
    }
}
