import ImageArchive

/// What a layer says about one name, in the words of the tree.
enum LayerEntryKind: Equatable {
    case directory, file, symlink
    /// Devices and FIFOs.
    case special
    /// Another name of the entry at this path.
    case hardLink(target: ArraySlice<UInt8>)
}

/// Where the description of an entry is kept; entries that share one are names of the same file.
struct EntryReference: Hashable {
    let rawValue: UInt64

    /// A directory that no layer describes.
    static let implied = EntryReference(rawValue: 0)
    /// The first one that stands for an entry of a layer; those below stand for what this module adds.
    static let first: UInt64 = 16
}

/// What an image's layers make together: names, what they are, and where each is described; nothing else, so that a
/// million entries fit into memory.
///
/// Layers are applied one by one, the lowest one first; see ``apply(_:at:reference:_:)`` for the rules. Paths are cleaned:
/// no empty, `.` or `..` components. Time and memory are linear in the number of entries.
struct LayerTree: ~Copyable {
    typealias NodeID = UInt32
    /// Gives the target of a symlink of a layer.
    typealias SymlinkTarget = (EntryReference) throws -> [UInt8]

    /// 32 bytes for each name.
    private struct Node {
        var parent: NodeID
        /// The next name in the same directory.
        var next: NodeID
        /// The first name in this directory.
        var firstChild: NodeID
        /// Where the name starts in ``names``.
        var name: UInt32
        var reference: EntryReference
        /// The last layer that has an entry for this name, or for one below it.
        var touched: UInt16 = 0
        /// The layer in which nothing of lower layers is left below this directory.
        var cleared: UInt16 = 0
        var nameLength: UInt8
        var state: State

        var isDirectory: Bool { state.contains(.directory) }
        var isSymlink: Bool { state.contains(.symlink) }
        var isDead: Bool { state.contains(.dead) }
    }

    private struct State: OptionSet {
        let rawValue: UInt8
        static let directory = State(rawValue: 1)
        static let symlink = State(rawValue: 2)
        /// Removed, and still in the list of its directory.
        static let dead = State(rawValue: 4)
        /// The layer in ``Node/touched`` has an entry for the name itself.
        static let own = State(rawValue: 8)

        static let kinds: State = [.directory, .symlink]
    }

    /// Components that are looked at because of symlinks on the way, all entries together: real images stay far below.
    static let maximumLinkSteps = 20_000_000
    /// Symlinks on the way to one entry, as the kernel has it.
    static let maximumLinksInPath = 40

    private static let root: NodeID = 0
    private static let none = NodeID.max

    private var nodes: ContiguousArray<Node> = []
    private var names: ContiguousArray<UInt8> = []
    private var table: NameTable
    private let maximumNodes: Int
    private var layer: UInt16 = 0
    private let maximumLinkSteps: Int
    private var linkSteps = 0
    /// The directory of the entry before, and its path as that entry had it.
    private var lastParent: (path: [UInt8], node: NodeID)?
    /// Entries with several names, and which of their names was visited first.
    private var linked: [EntryReference: NodeID] = [:]

    /// Makes room for `expectedEntries` names; all layers together may have `maximumEntries`, with directories that only
    /// paths mention.
    init(
        expectedEntries: Int, expectedNameBytes: Int = 0, maximumEntries: Int,
        maximumLinkSteps: Int = maximumLinkSteps
    ) {
        self.maximumLinkSteps = maximumLinkSteps
        maximumNodes = maximumEntries
        table = NameTable(expected: expectedEntries)
        nodes.reserveCapacity(expectedEntries + expectedEntries / 16 + 16)
        names.reserveCapacity(expectedNameBytes + expectedNameBytes / 16 + 64)
        nodes.append(
            Node(
                parent: Self.root, next: Self.none, firstChild: Self.none, name: 0, reference: .implied,
                nameLength: 0, state: .directory))
    }

    /// Starts the next layer; what was there before is what whiteouts can remove.
    mutating func beginLayer() throws(ConversionError) {
        if layer == UInt16.max { throw .tooManyLayers(limit: Int(UInt16.max)) }
        layer += 1
        lastParent = nil
    }
}

// Applying the entries of a layer.
extension LayerTree {
    /// Applies one entry of the current layer.
    ///
    /// - An entry replaces what has its name; a directory keeps what is in it where there is a directory already.
    /// - `.wh.NAME` removes NAME, `.wh..wh..opq` all that is in its directory, as far as it comes from lower layers: what
    ///   the same layer has stays, wherever in the layer it stands.
    /// - Symlinks on the way to a name lead where they would lead inside the image; what is missing on the way is made, and
    ///   what is no directory is replaced by one.
    /// - A hard link gets the file that its target is at this moment, and keeps it when the target is replaced.
    ///
    /// Source: OCI image-spec 1.1, layer.md, "Applying Changesets"; umoci 0.4 for symlinks on the way, about which the
    /// specification says nothing.
    mutating func apply(
        _ kind: LayerEntryKind, at path: ArraySlice<UInt8>, reference: EntryReference, _ symlinkTarget: SymlinkTarget
    ) throws {
        if path.isEmpty {
            guard kind == .directory else { throw ConversionError.rootIsNoDirectory }
            nodes[Int(Self.root)].reference = reference
            return touch(Self.root, isOwn: true)
        }
        let (parentPath, name) = splitPath(path)
        switch try Whiteout(parent: parentPath, name: name) {
        case .ignored: return
        case .opaque:
            guard let directory = try existingDirectory(parentPath, symlinkTarget) else { return }
            clear(directory)
        case .name(let hidden):
            guard let directory = try existingDirectory(parentPath, symlinkTarget),
                let node = find(hidden, in: directory)
            else {
                return
            }
            hide(node)
        case nil:
            try add(kind, name, parentPath, path, reference, symlinkTarget)
        }
    }

    private mutating func add(
        _ kind: LayerEntryKind, _ name: ArraySlice<UInt8>, _ parentPath: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>,
        _ reference: EntryReference, _ symlinkTarget: SymlinkTarget
    ) throws {
        switch kind {
        case .directory:
            let node = try make(name, in: try directory(parentPath, symlinkTarget))
            if !nodes[Int(node)].isDirectory { become([.directory], node) }
            nodes[Int(node)].reference = reference
            touch(node, isOwn: true)
        case .file, .symlink, .special:
            let node = try make(name, in: try directory(parentPath, symlinkTarget))
            become(kind == .symlink ? [.symlink] : [], node)
            nodes[Int(node)].reference = reference
            touch(node, isOwn: true)
        case .hardLink(let target):
            let (targetParent, targetName) = splitPath(target)
            guard let above = try existingDirectory(targetParent, symlinkTarget),
                let source = find(targetName, in: above)
            else {
                throw ConversionError.missingLinkTarget(path: text(path), target: text(target))
            }
            if nodes[Int(source)].isDirectory {
                throw ConversionError.linkToDirectory(path: text(path), target: text(target))
            }
            let (file, state) = (nodes[Int(source)].reference, nodes[Int(source)].state.intersection(.kinds))
            let node = try make(name, in: try directory(parentPath, symlinkTarget))
            if node == source { return touch(node, isOwn: true) }
            linked[file] = Self.none
            become(state, node)
            nodes[Int(node)].reference = file
            touch(node, isOwn: true)
        }
    }

    /// Turns a name into something else: what was below it is gone.
    private mutating func become(_ kinds: State, _ node: NodeID) {
        let index = Int(node)
        if nodes[index].isDirectory {
            removeChildren(of: node)
            nodes[index].cleared = layer
        } else if nodes[index].isSymlink {
            lastParent = nil
        }
        if kinds.contains(.directory) { nodes[index].cleared = layer }
        nodes[index].state = nodes[index].state.subtracting(.kinds).union(kinds)
    }

    /// Notes that the current layer has the name, and so all directories above it.
    private mutating func touch(_ node: NodeID, isOwn: Bool) {
        var index = Int(node)
        if nodes[index].touched != layer { nodes[index].state.remove(.own) }
        if isOwn { nodes[index].state.insert(.own) }
        while nodes[index].touched != layer {
            nodes[index].touched = layer
            index = Int(nodes[index].parent)
            if nodes[index].touched != layer { nodes[index].state.remove(.own) }
        }
    }

    /// Removes a name as far as it comes from lower layers.
    private mutating func hide(_ node: NodeID) {
        let index = Int(node)
        if nodes[index].touched != layer { return remove(node) }
        guard nodes[index].isDirectory else { return }
        clear(node)
        // The directory itself was hidden; what is there now is one that the paths of this layer mention.
        if !nodes[index].state.contains(.own) { nodes[index].reference = .implied }
    }

    /// Removes what is in a directory as far as it comes from lower layers.
    private mutating func clear(_ directory: NodeID) {
        var waiting = [directory]
        while let next = waiting.popLast() {
            let index = Int(next)
            if nodes[index].cleared == layer { continue }
            nodes[index].cleared = layer
            var previous = Self.none
            var child = nodes[index].firstChild
            while child != Self.none {
                let following = nodes[Int(child)].next
                if !nodes[Int(child)].isDead, nodes[Int(child)].touched != layer { remove(child) }
                if nodes[Int(child)].isDead {
                    unlink(child, after: previous, in: next)
                } else {
                    if nodes[Int(child)].isDirectory {
                        // What this layer does not describe lies in a directory that it hides.
                        if !nodes[Int(child)].state.contains(.own) { nodes[Int(child)].reference = .implied }
                        waiting.append(child)
                    }
                    previous = child
                }
                child = following
            }
        }
    }

    private mutating func unlink(_ child: NodeID, after previous: NodeID, in directory: NodeID) {
        let following = nodes[Int(child)].next
        if previous == Self.none {
            nodes[Int(directory)].firstChild = following
        } else {
            nodes[Int(previous)].next = following
        }
    }

    /// Removes a name and everything below it.
    private mutating func remove(_ node: NodeID) {
        if nodes[Int(node)].isDirectory { removeChildren(of: node) }
        bury(node)
    }

    private mutating func removeChildren(of directory: NodeID) {
        var waiting = [directory]
        while let next = waiting.popLast() {
            var child = nodes[Int(next)].firstChild
            nodes[Int(next)].firstChild = Self.none
            while child != Self.none {
                if !nodes[Int(child)].isDead {
                    if nodes[Int(child)].isDirectory { waiting.append(child) }
                    bury(child)
                }
                child = nodes[Int(child)].next
            }
        }
        lastParent = nil
    }

    private mutating func bury(_ node: NodeID) {
        let hash = hash(of: name(node), in: nodes[Int(node)].parent)
        table.remove(node, hash: hash)
        nodes[Int(node)].state.insert(.dead)
        lastParent = nil
    }
}

// Finding and making names.
extension LayerTree {
    private func name(_ node: NodeID) -> ArraySlice<UInt8> {
        let start = Int(nodes[Int(node)].name)
        return ArraySlice(names[start..<start + Int(nodes[Int(node)].nameLength)])
    }

    private func hash(of name: ArraySlice<UInt8>, in directory: NodeID) -> Int {
        var hasher = Hasher()
        hasher.combine(directory)
        name.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private func find(_ name: ArraySlice<UInt8>, in directory: NodeID) -> NodeID? {
        find(name, in: directory, hash: hash(of: name, in: directory))
    }

    private func find(_ name: ArraySlice<UInt8>, in directory: NodeID, hash: Int) -> NodeID? {
        table.find(hash: hash) { candidate in
            let node = nodes[Int(candidate)]
            guard node.parent == directory, Int(node.nameLength) == name.count else { return false }
            let start = Int(node.name)
            return names.withUnsafeBufferPointer { all in
                name.withUnsafeBufferPointer { wanted in
                    all[start..<start + wanted.count].elementsEqual(wanted)
                }
            }
        }
    }

    /// The name in a directory, made as a file without description if it is missing.
    private mutating func make(_ name: ArraySlice<UInt8>, in directory: NodeID) throws(ConversionError) -> NodeID {
        let hash = hash(of: name, in: directory)
        if let found = find(name, in: directory, hash: hash) { return found }
        guard nodes.count < maximumNodes, let start = UInt32(exactly: names.count),
            let length = UInt8(exactly: name.count)
        else { throw .tooManyEntries(limit: maximumNodes) }
        let node = NodeID(nodes.count)
        names.append(contentsOf: name)
        nodes.append(
            Node(
                parent: directory, next: nodes[Int(directory)].firstChild, firstChild: Self.none, name: start,
                reference: .implied, nameLength: length, state: []))
        nodes[Int(directory)].firstChild = node
        if table.insert(node, hash: hash) { rebuildTable() }
        return node
    }

    private mutating func rebuildTable() {
        var larger = NameTable(expected: nodes.count)
        for node in nodes.indices.dropFirst() where !nodes[node].isDead {
            let id = NodeID(node)
            _ = larger.insert(id, hash: hash(of: name(id), in: nodes[node].parent))
        }
        table = larger
    }

    /// The directory at a path, made with everything above it where it is missing.
    private mutating func directory(_ path: ArraySlice<UInt8>, _ symlinkTarget: SymlinkTarget) throws -> NodeID {
        if let lastParent, lastParent.path.elementsEqual(path) { return lastParent.node }
        let (found, missing) = try resolve(path, symlinkTarget)
        var node = found
        for name in missing {
            node = try make(name, in: node)
            if !nodes[Int(node)].isDirectory { become([.directory], node) }
            nodes[Int(node)].reference = .implied
            touch(node, isOwn: false)
        }
        lastParent = (Array(path), node)
        return node
    }

    private mutating func existingDirectory(
        _ path: ArraySlice<UInt8>, _ symlinkTarget: SymlinkTarget
    ) throws -> NodeID? {
        if let lastParent, lastParent.path.elementsEqual(path) { return lastParent.node }
        let (found, missing) = try resolve(path, symlinkTarget)
        return missing.isEmpty ? found : nil
    }

    /// Follows a path from the top as if that were `/`: the last directory on the way, and the names that are no directory
    /// in it.
    private mutating func resolve(
        _ path: ArraySlice<UInt8>, _ symlinkTarget: SymlinkTarget
    ) throws -> (directory: NodeID, missing: [ArraySlice<UInt8>]) {
        var node = Self.root
        var missing: [ArraySlice<UInt8>] = []
        // What is left to walk, the part to walk first at the end.
        var parts = [path]
        var links = 0
        while var part = parts.popLast() {
            let name = popComponent(&part)
            if !part.isEmpty { parts.append(part) }
            if links > 0 {
                linkSteps += 1
                if linkSteps > maximumLinkSteps { throw ConversionError.tooManyLinkSteps(maximumLinkSteps) }
            }
            if name.isEmpty || name.elementsEqual([dot]) { continue }
            if name.elementsEqual([dot, dot]) {
                if missing.popLast() == nil { node = nodes[Int(node)].parent }
                continue
            }
            guard missing.isEmpty, let found = find(name, in: node) else {
                if name.count > Int(UInt8.max) { throw ConversionError.badSymlink(path: text(path)) }
                missing.append(name)
                continue
            }
            if nodes[Int(found)].isSymlink {
                links += 1
                if links > Self.maximumLinksInPath { throw ConversionError.symlinkLoop(path: text(path)) }
                let target = try symlinkTarget(nodes[Int(found)].reference)
                if target.first == slash { node = Self.root }
                parts.append(target[...])
            } else if nodes[Int(found)].isDirectory {
                node = found
            } else {
                missing.append(name)
            }
        }
        return (node, missing)
    }
}

// Reading the result.
extension LayerTree {
    /// What stands at one name in the end.
    enum Item {
        case directory(EntryReference)
        /// Everything that is no directory.
        case leaf(EntryReference)
        /// Another name of what was visited at `target` before.
        case hardLink(EntryReference, target: [UInt8])
    }

    /// Visits everything from the top down, names in the order of their bytes; paths start with that of the top, `prefix`.
    mutating func visit(prefix: [UInt8], maximumDepth: Int, _ body: (Item, [UInt8]) throws -> Void) throws {
        for reference in linked.keys { linked[reference] = Self.none }
        try visit(Self.root, path: prefix, prefix: prefix, depth: 1, maximumDepth: maximumDepth, body)
    }

    private mutating func visit(
        _ directory: NodeID, path: [UInt8], prefix: [UInt8], depth: Int, maximumDepth: Int,
        _ body: (Item, [UInt8]) throws -> Void
    ) throws {
        if depth > maximumDepth {
            throw ArchiveError.tooDeep(path: String(text(path[...]).prefix(80)), maximumDepth: maximumDepth)
        }
        try body(.directory(nodes[Int(directory)].reference), path)
        var childPath = path + [slash]
        let length = childPath.count
        for child in sortedChildren(of: directory) {
            childPath.removeLast(childPath.count - length)
            childPath.append(contentsOf: name(child))
            let node = nodes[Int(child)]
            if node.isDirectory {
                try visit(
                    child, path: childPath, prefix: prefix, depth: depth + 1, maximumDepth: maximumDepth, body)
            } else if let first = linked[node.reference], first != Self.none {
                try body(.hardLink(node.reference, target: prefix + self.path(of: first)), childPath)
            } else {
                if linked[node.reference] != nil { linked[node.reference] = child }
                try body(.leaf(node.reference), childPath)
            }
        }
    }

    private func sortedChildren(of directory: NodeID) -> [NodeID] {
        var children: [NodeID] = []
        var child = nodes[Int(directory)].firstChild
        while child != Self.none {
            if !nodes[Int(child)].isDead { children.append(child) }
            child = nodes[Int(child)].next
        }
        names.withUnsafeBufferPointer { names in
            children.sort { left, right in
                let (a, b) = (nodes[Int(left)], nodes[Int(right)])
                return names[Int(a.name)..<Int(a.name) + Int(a.nameLength)]
                    .lexicographicallyPrecedes(names[Int(b.name)..<Int(b.name) + Int(b.nameLength)])
            }
        }
        return children
    }

    /// With a slash before each component.
    private func path(of node: NodeID) -> [UInt8] {
        var chain: [NodeID] = []
        var next = node
        while next != Self.root {
            chain.append(next)
            next = nodes[Int(next)].parent
        }
        return chain.reversed().flatMap { [slash] + name($0) }
    }

    /// What is at a path without symlinks.
    func kind(at path: [UInt8]) -> (isDirectory: Bool, reference: EntryReference)? {
        var node = Self.root
        for component in path.split(separator: slash) {
            guard let found = find(component, in: node) else { return nil }
            node = found
        }
        return (nodes[Int(node)].isDirectory, nodes[Int(node)].reference)
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

/// Everything before the last slash, and what follows it.
func splitPath(_ path: ArraySlice<UInt8>) -> (parent: ArraySlice<UInt8>, name: ArraySlice<UInt8>) {
    guard let last = path.lastIndex(of: slash) else { return (path.prefix(0), path) }
    return (path[..<last], path[(last + 1)...])
}

/// Takes the first component off, with the slash behind it.
private func popComponent(_ path: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let end = path.firstIndex(of: slash) ?? path.endIndex
    defer { path = path[end...].dropFirst() }
    return path[..<end]
}

/// Bytes of a layer in a sentence.
func text(_ path: ArraySlice<UInt8>) -> String { "/" + String(decoding: path.prefix(200), as: UTF8.self) }
