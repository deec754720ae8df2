"""The order of steps for whoever reads or writes documents, over HTTP or in the same process. Methods block."""

from __future__ import annotations

from dataclasses import replace

from lrs.auth.disclosure import Actors
from lrs.auth.principal import Principal
from lrs.documents.access import READING, WRITING, may_see, require_write
from lrs.documents.documents import Content, Context, Document, DocumentStore, Listing
from lrs.documents.merge import check_json, merged
from lrs.documents.preconditions import Preconditions, check_put
from lrs.errors import NotFound, TooLarge
from lrs.limits import Limits
from lrs.pseudonyms.service import Pseudonyms


class Documents:
    """Reading and writing, each with its scope and grant checked first."""

    def __init__(self, store: DocumentStore, limits: Limits, pseudonyms: Pseudonyms | None = None) -> None:
        """Without ``pseudonyms`` there are only readers who are shown what is stored."""
        self._store = store
        self._limits = limits
        self._pseudonyms = pseudonyms

    def meant(self, context: Context, principal: Principal) -> Context:
        """``context`` with the agent whom ``principal`` means by a pseudonym; all other methods take it so.

        Forbidden when it names the agent in another way; NotFound when the pseudonym is nobody's.
        """
        disclosure = principal.disclosure
        if context.agent is None or disclosure.actors is Actors.AS_STORED:
            return context
        assert self._pseudonyms is not None
        agent = self._pseudonyms.meant(disclosure, context.agent)
        if agent is None:
            raise NotFound("this pseudonym is nobody's")
        return replace(context, agent=agent)

    def read(self, context: Context, document_id: str, principal: Principal) -> Document:
        """The document, as ``principal`` is shown it; NotFound if there is none that it may see."""
        principal.require(READING[context.kind])
        document = self._store.read(context, document_id) if may_see(principal, context) else None
        shown = None if document is None else self._shown(document, context, principal)
        if shown is None:
            raise NotFound("there is no such document")
        return shown

    def _shown(self, document: Document, context: Context, principal: Principal) -> Document | None:
        """``document`` as ``principal`` is shown it; None if it can't be."""
        disclosure = principal.disclosure
        if disclosure.plain:
            return document
        assert self._pseudonyms is not None
        content = document.content
        body = self._pseudonyms.document(disclosure, content.body, context.agent, is_json=content.is_json)
        return None if body is None else replace(document, content=replace(content, body=body))

    def _etag(self, document: Document | None, context: Context, principal: Principal) -> str | None:
        """By what ``principal`` knows ``document``; it must tell nothing of what is hidden."""
        shown = None if document is None else self._shown(document, context, principal)
        return shown.etag if shown else None

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
            check_put(preconditions, self._etag(present, context, principal), context.kind, version)
            return content

        stored = self._store.change(context, document_id, replaced)
        assert stored is not None
        return self._shown(stored, context, principal) or stored

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
            preconditions.check(self._etag(present, context, principal))
            result = merged(present.content if present else None, content, depth_max=self._limits.json_depth_max)
            self._check_size(result)
            return result

        self._store.change(context, document_id, updated)

    def delete(self, context: Context, document_id: str, preconditions: Preconditions, *, principal: Principal) -> None:
        """Delete the document; nothing happens if there is none and no precondition says otherwise."""
        self._require_write(context, principal)

        def gone(present: Document | None) -> None:
            preconditions.check(self._etag(present, context, principal))

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
