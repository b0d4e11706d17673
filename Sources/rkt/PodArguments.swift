import LinuxSystem
import Pods
import Stage0
import SystemPackage

/// `--uuid-file`.
let uuidFileFlag = Flag.string("uuid-file", "read pod UUID from file instead of argument") {
    $0.uuidFile = $1.isEmpty ? nil : absolutePath($1)
}

extension CommandContext {
    /// The pods that a command is for, as UUIDs or beginnings of them: either arguments or `--uuid-file`.
    func podNames(limit: Int = .max) throws -> [String] {
        if let file = options.uuidFile {
            guard arguments.isEmpty else { throw Ending.usage }
            return [try podName(in: file)]
        }
        guard !arguments.isEmpty, arguments.count <= limit else { throw Ending.usage }
        return arguments
    }

    /// What stands in a file, without white space around it.
    func podName(in file: FilePath) throws -> String {
        let text = try explaining("unable to read UUID from file") { try readTextFile(file, limit: 4096) }
        return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
