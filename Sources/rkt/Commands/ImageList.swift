import AppContainer
import ImageStore
import JSON
import LinuxSystem

/// `rkt image list`.
let imageListCommand = Command(
    name: "list",
    summary: "List images in the local store",
    description:
        "Optionally, allows the user to specify the fields and sort order. With --full, the keys that vouched for an "
        + "image are shown as well.",
    flags: {
        let fields = ImageField.allCases.map(\.rawValue)
        let sortable = ImageField.sortable.map(\.rawValue)
        return [
            .value(
                "fields", "comma-separated list of fields to display. Accepted values: " + quotedList(fields),
                default: ImageField.standard.map(\.rawValue).joined(separator: ",")
            ) { $0.fields = try ImageField.list($1, allowed: ImageField.allCases) },
            .value(
                "sort",
                "sort the output according to the provided comma-separated list of fields. Accepted values: "
                    + quotedList(sortable), default: "importtime"
            ) { $0.sortFields = try ImageField.list($1, allowed: ImageField.sortable) },
            .value(
                "order",
                "choose the sorting order if at least one sort field is provided (--sort). "
                    + "Accepted values: \"asc\", \"desc\"", default: "asc"
            ) {
                guard $1 == "asc" || $1 == "desc" else { throw GoValueError(description: "wrong sort order") }
                $0.sortsDescending = $1 == "desc"
            },
            fullFlag, noLegendFlag, formatFlag,
        ]
    },
    run: imageList)

private func quotedList(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: ", ") }

private func imageList(_ context: CommandContext) throws {
    let options = context.options
    let store = try context.imageStore()
    let images = try explaining("unable to get aci infos") { try store.list() }
    var rows: [ImageRow] = []
    for image in images {
        do {
            rows.append(
                ImageRow(
                    image, version: try store.manifest(of: image.id).labels["version"],
                    origin: try store.origin(of: image.id)))
        } catch ImageStoreError.noSuchKey {
            continue  // removed in this moment
        } catch {
            context.report(error, while: "cannot read the manifest of image \(image.id)")
        }
    }
    rows.sort { ImageRow.isInOrder($0, $1, by: options.sortFields, descending: options.sortsDescending) }
    if options.format == .table {
        context.print(imageTable(rows, options, now: context.now()))
    } else {
        context.print(rows.isEmpty ? .null : .array(rows.map(\.json)), as: options.format)
    }
}

/// The lines of `rkt image list`.
func imageTable(_ rows: [ImageRow], _ options: Options, now: Int64) -> String {
    var table = TabWriter()
    let fields = options.fields ?? (ImageField.standard + (options.isFull ? [.signedBy] : []))
    if options.hasLegend { table.add(fields.map(\.header)) }
    for row in rows { table.add(fields.map { row.text($0, isFull: options.isFull, now: now) }) }
    return table.formatted()
}

extension ImageField {
    fileprivate var header: String {
        switch self {
        case .id: "ID"
        case .name: "NAME"
        case .size: "SIZE"
        case .importTime: "IMPORT TIME"
        case .lastUsed: "LAST USED"
        case .signedBy: "SIGNED BY"
        }
    }
}

/// One image as the list shows it.
struct ImageRow {
    let id: String
    let name: String
    let importTime: Int64
    let lastUsed: Int64
    /// Bytes of the image and its rendered tree.
    let size: UInt64
    /// Fingerprints of the keys that vouched for it.
    var signers: [String] = []
    var insecureOptions: [String] = []

    func text(_ field: ImageField, isFull: Bool, now: Int64) -> String {
        switch field {
        case .id: isFull ? id : String(id.prefix("sha512-".count + 12))
        case .name: name
        case .size: isFull ? "\(size)" : sizeText(size)
        case .importTime: isFull ? absoluteTime(importTime) : relativeTime(importTime, now: now)
        case .lastUsed: isFull ? absoluteTime(lastUsed) : relativeTime(lastUsed, now: now)
        case .signedBy:
            signers.isEmpty ? "-" : signers.map { isFull ? $0 : String($0.suffix(16)) }.joined(separator: ",")
        }
    }

    var json: JSONValue {
        var object = JSONObject()
        object["id"] = .string(id)
        object["name"] = .string(name)
        object["import_time"] = .number(JSONNumber(importTime))
        object["last_used_time"] = .number(JSONNumber(lastUsed))
        object["size"] = .number(JSONNumber(size))
        object["signed_by"] = .array(signers.map { .string($0) })
        object["insecure_options"] = .array(insecureOptions.map { .string($0) })
        return .object(object)
    }

    /// One direction for all fields; images that are equal in all of them keep a fixed order.
    static func isInOrder(_ one: ImageRow, _ other: ImageRow, by fields: [ImageField], descending: Bool) -> Bool {
        for field in fields {
            let order = compare(one, other, by: field)
            if order != 0 { return descending ? order > 0 : order < 0 }
        }
        return one.id < other.id
    }

    private static func compare(_ one: ImageRow, _ other: ImageRow, by field: ImageField) -> Int {
        func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : left > right ? 1 : 0 }
        return switch field {
        case .id: order(one.id, other.id)
        case .name: order(one.name, other.name)
        case .size: order(one.size, other.size)
        case .importTime: order(one.importTime, other.importTime)
        case .lastUsed: order(one.lastUsed, other.lastUsed)
        case .signedBy: order(one.signers.joined(), other.signers.joined())
        }
    }
}

extension ImageRow {
    init(_ image: ImageInfo, version: String?, origin: ImageOrigin?) {
        id = "\(image.id)"
        name = version.map { "\(image.name):\($0)" } ?? "\(image.name)"
        importTime = image.importTime
        lastUsed = image.lastUsed
        size = image.size &+ image.treeSize  // both are sizes of files that exist
        signers = origin?.signers.map(\.fingerprint) ?? []
        insecureOptions = origin?.insecureOptions ?? []
    }
}
