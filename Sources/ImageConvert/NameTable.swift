/// A hash table of numbers, 4 bytes per slot: who uses it knows how to compare what they stand for.
///
/// Open addressing with linear probing.
struct NameTable {
    private static let free = UInt32.max
    private static let removed = UInt32.max - 1

    private var slots: ContiguousArray<UInt32>
    /// Slots that are not free.
    private var used = 0
    private let mask: Int

    init(expected: Int) {
        var count = 64
        // At most two thirds full.
        while count < expected + expected / 2 { count *= 2 }
        slots = ContiguousArray(repeating: Self.free, count: count)
        mask = count - 1
    }

    func find(hash: Int, _ isWanted: (UInt32) -> Bool) -> UInt32? {
        var index = hash & mask
        while slots[index] != Self.free {
            if slots[index] != Self.removed, isWanted(slots[index]) { return slots[index] }
            index = (index + 1) & mask
        }
        return nil
    }

    /// Adds a number that is not there yet; `true` when it is time to make a larger table.
    mutating func insert(_ value: UInt32, hash: Int) -> Bool {
        var index = hash & mask
        while slots[index] < Self.removed { index = (index + 1) & mask }
        if slots[index] == Self.free { used += 1 }
        slots[index] = value
        return used >= slots.count / 4 * 3
    }

    mutating func remove(_ value: UInt32, hash: Int) {
        var index = hash & mask
        while slots[index] != Self.free {
            if slots[index] == value {
                slots[index] = Self.removed
                return
            }
            index = (index + 1) & mask
        }
    }
}
