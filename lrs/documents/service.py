"""The order of steps for whoever reads or writes documents, over HTTP or in the same process. Methods block."""

from __future__ import annotations

from lrs.auth.principal import Principal
from lrs.documents.access import READING, WRITING, may_see, require_write
from lrs.documents.documents import Content, Context, Document, DocumentStore, Listing
from lrs.documents.merge import check_json, merged
from lrs.documents.preconditions import Preconditions, check_put
from lrs.errors import NotFound, TooLarge
from lrs.limits import Limits


class Documents:
    """Reading and writing, each with its scope and grant checked first."""

    def __init__(self, store: DocumentStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    def read(self, context: Context, document_id: str, principal: Principal) -> Document:
        """The document; NotFound if there is none that ``principal`` may see."""
        principal.require(READING[context.kind])
        document = self._store.read(context, document_id) if may_see(principal, context) else None
        if document is None:
            raise NotFound("there is no such document")
        return document

    def listed(self, context: Context, since_us: int | None, principal: Principal) -> Listing:
        """The documents of ``context`` that ``principal`` may see: all of them, or none."""
        principal.require(READING[context.kind])
        return self._store.listed(context, since_us) if may_see(principal, context) else Listing([], None)

    def put(
        self,
        context: Context,
        document_id: str,
        content: Content,
        preconditions: Preconditions,
        *,
        principal: Principal,
        version: str,
    ) -> Document:
        """Store ``content`` in place of what is there, as the concurrency rules of ``version`` allow."""
        self._require_write(context, principal)
        self._check_size(content)
        check_json(content, depth_max=self._limits.json_depth_max)

        def replaced(present: Document | None) -> Content:
            check_put(preconditions, present.etag if present else None, context.kind, version)
            return content

        stored = self._store.change(context, document_id, replaced)
        assert stored is not None
        return stored

    def post(
        self,
        context: Context,
        document_id: str,
        content: Content,
        preconditions: Preconditions,
        *,
        principal: Principal,
    ) -> None:
        """Merge ``content`` into the document that is there, or store it if there is none."""
        self._require_write(context, principal)
        self._check_size(content)

        def updated(present: Document | None) -> Content:
            preconditions.check(present.etag if present else None)
            result = merged(present.content if present else None, content, depth_max=self._limits.json_depth_max)
            self._check_size(result)
            return result

        self._store.change(context, document_id, updated)

    def delete(self, context: Context, document_id: str, preconditions: Preconditions, *, principal: Principal) -> None:
        """Delete the document; nothing happens if there is none and no precondition says otherwise."""
        self._require_write(context, principal)

        def gone(present: Document | None) -> None:
            preconditions.check(present.etag if present else None)

        self._store.change(context, document_id, gone)

    def clear(self, context: Context, principal: Principal) -> None:
        """Delete all documents of ``context``."""
        self._require_write(context, principal)
        self._store.clear(context)

    def _require_write(self, context: Context, principal: Principal) -> None:
        principal.require(WRITING[context.kind])
        require_write(principal, context)

    def _check_size(self, content: Content) -> None:
        if len(content.body) > self._limits.document_bytes_max:
            raise TooLarge(f"a document may have {self._limits.document_bytes_max} bytes, not {len(content.body)}")
