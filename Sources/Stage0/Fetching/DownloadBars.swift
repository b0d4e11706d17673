import AppContainer
import FetchInterface

/// The bars of the downloads of one job.
final class DownloadBars {
    private let board: ProgressBoard
    private let group: Int
    /// Which image this is, where that is not clear; else empty.
    private let name: String

    init(_ board: ProgressBoard, name: String) {
        self.board = board
        self.name = name
        group = board.addGroup()
    }

    func show(_ reports: [FetchReport]) {
        if reports.isEmpty { return }
        for report in reports {
            switch report {
            case .message(let text): board.message(text)
            case .progress(let progress): show(progress)
            }
        }
        board.draw()
    }

    private func show(_ progress: DownloadProgress) {
        let label = name.isEmpty ? progress.label : "\(name) \(progress.label)"
        if progress.isDone {
            board.finish(group, progress.number, label: label, received: progress.received)
        } else {
            board.update(group, progress.number, label: label, received: progress.received, total: progress.total)
        }
    }

    /// Nothing more comes.
    func close() { board.close(group) }
}

/// Short names that tell images apart, in front of what is downloaded of each; empty where there is only one.
func barNames(_ references: [ImageReference]) -> [String] {
    if references.count == 1 { return [""] }
    let short = references.map { ending(of: shortName($0)) }
    let longer = references.indices.map { isUnique($0, short) ? short[$0] : ending(of: "\(references[$0])") }
    return references.indices.map { isUnique($0, longer) ? longer[$0] : "\($0 + 1) \(longer[$0])" }
}

private func isUnique(_ index: Int, _ names: [String]) -> Bool { names.count { $0 == names[index] } == 1 }

/// The last part of a path, with the version.
private func shortName(_ reference: ImageReference) -> String {
    switch reference {
    case .name(let image):
        lastElement(image.name.rawValue) + (image.labels["version"].map { ":\($0)" } ?? "")
    case .archive(let url): lastElement(String(url.description.prefix { $0 != "?" }))
    case .registry(let image):
        if let digest = image.digest {
            "\(lastElement(image.repository))@\(digest.dropFirst("sha256:".count).prefix(8))"
        } else {
            lastElement(image.repository) + (image.tag.map { ":\($0)" } ?? "")
        }
    case .hash, .file, .layout: reference.description
    }
}

private func lastElement(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

/// At most 20 characters of ASCII; the end, where the version is.
private func ending(of text: String) -> String {
    let visible = String(text.unicodeScalars.map { 0x20..<0x7f ~= $0.value ? Character($0) : "?" })
    return visible.count > 20 ? "..\(visible.suffix(18))" : visible
}
