import AppContainer

// Where images came from.
extension StoreIndex {
    /// The row of a URL whose image is in the index.
    func remote(for url: String) throws -> RemoteRow? {
        try reader()?.rows(
            """
            SELECT sigurl, etag, blobkey, cachemaxage, downloadtime FROM remote
            WHERE aciurl = ? AND blobkey IN (SELECT blobkey FROM aciinfo)
            """, [.text(url)]
        ) { (row) throws(ImageStoreError) in
            RemoteRow(
                url: url, signatureURL: row.text(0), etag: row.text(1), id: try Self.key(row.text(2)),
                maxAge: row.integer(3), downloadTime: row.integer(4))
        }.first
    }

    /// - Returns: whether the image is in the index; nothing is changed when it is not.
    func put(_ row: RemoteRow, _ layout: StoreLayout) throws -> Bool {
        let database = try writer(layout)
        try database.execute(
            """
            INSERT OR REPLACE INTO remote (aciurl, sigurl, etag, blobkey, cachemaxage, downloadtime)
            SELECT ?, ?, ?, blobkey, ?, ? FROM aciinfo WHERE blobkey = ?
            """,
            [
                .text(row.url), .text(row.signatureURL), .text(row.etag), .integer(row.maxAge),
                .integer(row.downloadTime), .text("\(row.id.key)"),
            ])
        return database.changedRows > 0
    }

    func origin(of key: ImageID) throws -> ImageOrigin? {
        guard let database = try originReader() else { return nil }
        let signers = try database.rows(
            "SELECT fingerprint, identity FROM signer WHERE blobkey = ? ORDER BY position", [.text("\(key)")]
        ) { ImageOrigin.Signer(fingerprint: $0.text(0), identity: $0.text(1)) }
        return try database.rows(
            "SELECT reference, insecureoptions, fetchtime FROM origin WHERE blobkey = ?", [.text("\(key)")]
        ) { row in
            ImageOrigin(
                signers: signers, insecureOptions: row.text(1).split(separator: ",").map(String.init),
                reference: row.text(0), fetchTime: row.integer(2))
        }.first
    }

    /// Part of a transaction.
    ///
    /// Who signed an image is known of its bytes: a later fetch that does not look at signatures takes nothing back.
    static func put(_ origin: ImageOrigin, of key: ImageID, _ database: Database) throws(ImageStoreError) {
        let name = Database.Value.text("\(key)")
        try database.execute(
            "INSERT OR REPLACE INTO origin (blobkey, reference, insecureoptions, fetchtime) VALUES (?, ?, ?, ?)",
            [
                name, .text(origin.reference), .text(origin.insecureOptions.joined(separator: ",")),
                .integer(origin.fetchTime),
            ])
        if origin.signers.isEmpty { return }
        try database.execute("DELETE FROM signer WHERE blobkey = ?", [name])
        for (position, signer) in origin.signers.enumerated() {
            try database.execute(
                "INSERT INTO signer (blobkey, position, fingerprint, identity) VALUES (?, ?, ?, ?)",
                [name, .integer(Int64(position)), .text(signer.fingerprint), .text(signer.identity)])
        }
    }

    private static func key(_ text: String) throws(ImageStoreError) -> ImageID {
        do {
            return try ImageID(parsing: text)
        } catch {
            throw .indexDamaged("\(error)")
        }
    }
}
