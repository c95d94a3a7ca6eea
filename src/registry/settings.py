"""The one frozen Settings, read once at the edge and handed down as plain arguments.

Every field can be given in the environment (`REGISTRY_<NAME>`) or in a TOML file named by `REGISTRY_SETTINGS_FILE`; the
environment wins. `registry settings` lists them without secrets.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from registry.storage import server_state


class Settings(BaseSettings):
    """All settings with their defaults; units are in the names or the descriptions."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_", frozen=True, extra="forbid", populate_by_name=True)

    database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="PostgreSQL 15 to 18. Without it the service runs its own embedded server in state_dir.",
    )
    owner_database_url: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_OWNER_URL", "owner_database_url"),
        description="The same database under the role that owns the schema, for migrations; default: database_url.",
    )
    pg_bindir: Path | None = Field(
        None,
        validation_alias=AliasChoices("PG_BINDIR", "pg_bindir"),
        description="Directory with initdb and postgres for the embedded server; default: those of the installed wheel.",
    )
    state_dir: Path = Field(
        default_factory=server_state.default_state_dir, description="Embedded database, keys and metric files."
    )
    sealing_key_file: Path | None = Field(None, description="32 bytes; default: state_dir/keys/sealing.key")
    token_key_file: Path | None = Field(
        None, description="P-256 key (PEM) of access tokens; default: state_dir/keys/token.pem"
    )
    paper_key_file: Path | None = Field(
        None,
        description="First P-256 key (PEM) that signs the QR of extracts; default: state_dir/keys/paper.pem. The next ones: "
        "`registry keys rotate --use paper`.",
    )
    paper_seal_file: Path | None = Field(
        None,
        description="PKCS #12, or PEM with key and certificates, that seals extracts; default: state_dir/keys/paper-seal.pem, "
        "at first self-signed: put the city's own in its place.",
    )
    paper_seal_password: SecretStr | None = Field(None, description="Password of a PKCS #12 in paper_seal_file.")
    answer_keys_dir: Path | None = Field(
        None,
        description="Folder of the key files that sign answers (answers-*.pem) and papers (papers-*.pem); default: state_dir/keys",
    )
    answer_hours: int = Field(
        168, ge=1, le=8760, description="How long a signed answer may be relied upon; its nonce is used up for as long."
    )
    issuer: str = Field(
        "http://127.0.0.1:8000",
        description="The service's public base address: issuer of tokens, audience of assertions, base of problem types.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    allowed_hosts: str = Field(
        "", description="Names that a request's Host header may give, separated by commas; empty: any."
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=64, description="Processes that answer requests."
    )
    pool_size: int = Field(
        3,
        ge=1,
        le=50,
        description="Database connections per worker, in each of its two pools (submissions and verifications; all else).",
    )
    judge_threads: int = Field(2, ge=1, le=64, description="Threads per worker that judge documents.")
    judge_queue: int = Field(
        64, ge=1, le=10_000, description="Documents per worker that may wait for a thread; then 503."
    )
    max_body_bytes: int = Field(262_144, ge=1024, le=10_000_000, description="Largest body of a submission, in bytes.")
    skew_seconds: int = Field(300, ge=0, le=300, description="How far ahead of this clock a signing time may lie.")
    even_milliseconds: int = Field(
        10,
        ge=0,
        le=1000,
        description="What says that something is not there leaves at a multiple of this, so that the clock tells nothing; 0: at once.",
    )
    submissions_per_minute: int = Field(60_000, ge=1, description="Per caller and worker.")
    questions_per_minute: int = Field(600, ge=1, description="Verifications per caller and worker.")
    batches_per_minute: int = Field(
        10, ge=1, description="Files of questions per caller and worker: reading a large one takes a second."
    )
    questions_per_day: int = Field(
        20_000, ge=1, description="Questions and claims per caller and day, in all processes."
    )
    questions_per_pupil_day: int = Field(50, ge=1, description="Answers about one pupil per caller within a day.")
    threshold_days: int = Field(
        365, ge=1, le=3650, description="For how long a caller may ask about a pupil's result with one threshold only."
    )
    tokens_per_minute: int = Field(120, ge=1, description="Token requests per caller name and worker.")
    identifications_per_minute: int = Field(
        60, ge=1, description="Questions who a pupil is, per caller and worker: few, since each tries a birth date."
    )
    views_per_minute: int = Field(
        120, ge=1, description="Pages behind verification codes and share links, per address (IPv6: /64) and worker."
    )
    misses_per_minute: int = Field(
        10, ge=1, description="Codes and links that nobody was given, per address for all workers; then it waits."
    )
    code_lists: Path | None = Field(
        None,
        description="Folder whose files (subjects.csv, levels.csv, ...) take the place of the built-in code lists.",
    )
    refresh_seconds: int = Field(
        3600,
        ge=0,
        le=604_800,
        description="How often the background work asks each configured source of trust material; 0: never.",
    )
    signing_day: str = Field(
        "06-15",
        pattern="^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
        description="Month and day (MM-DD, day up to 28) by which transcripts are signed: certificates that end before it are watched.",
    )
    metrics_open: bool = Field(
        False, description="Answer /metrics to everybody; else only to this machine and to scope operate."
    )
    oidc_issuer: str = Field(
        "", description="The OpenID provider at which people sign in, as its tokens name it; empty: none."
    )
    oidc_client_id: str = Field("", description="This service's name at the provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there; without it PKCE alone.")
    oidc_claim: str = Field("sub", description="Which claim of the ID token is compared with `registry person login`.")
    oidc_scopes: str = Field("openid", description="What is asked of the provider, separated by spaces.")
    oidc_algorithms: str = Field(
        "RS256,ES256",
        pattern="^((RS|PS|ES)(256|384|512)|EdDSA)(,((RS|PS|ES)(256|384|512)|EdDSA))*$",
        description="What ID tokens may be signed with, separated by commas; never HS or none.",
    )
    sign_in_links: bool = Field(
        False, description="Take one-time sign-in links from other machines too; else only from this one."
    )
    session_idle_minutes: int = Field(30, ge=1, le=1440, description="A session ends when it is not used for so long.")
    session_hours: int = Field(10, ge=1, le=24, description="A session ends so long after sign-in, used or not.")
    reminders: bool = Field(
        False, description="Let the background work send reminders of deadlines to the schools' contacts."
    )
    mail_from: str = Field(
        "", pattern=r"^([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)?$", description="The address that reminders come from."
    )
    mail_outbox: Path | None = Field(
        None, description="Folder where messages are put as .eml files instead of being sent."
    )
    smtp_host: str = Field("", description="The mail server; empty: none.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with tls.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls (from the first byte), or none: for a mail server on this machine only."
    )
    smtp_ca_file: Path | None = Field(
        None, description="PEM file of the CA that the mail server's certificate comes from; default: the system's."
    )
    smtp_user: str = Field("", description="The account at the mail server; empty: none.")
    smtp_password: SecretStr | None = Field(None, description="Its password.")
    smtp_password_file: Path | None = Field(None, description="A file with it, instead.")
    smtp_timeout_seconds: float = Field(20, gt=0, le=300, description="For each step of the conversation.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the TOML file."""
        file = os.environ.get("REGISTRY_SETTINGS_FILE")
        extra = (TomlConfigSettingsSource(settings_cls, toml_file=Path(file)),) if file else ()
        return (init_settings, env_settings, *extra)

    @cached_property
    def sealing_key_path(self) -> Path:
        """Where the sealing key lies."""
        return self.sealing_key_file or self.state_dir / "keys" / "sealing.key"

    @cached_property
    def token_key_path(self) -> Path:
        """Where the key of the access tokens lies."""
        return self.token_key_file or self.state_dir / "keys" / "token.pem"

    @property
    def answer_keys_path(self) -> Path:
        """Where the key files that sign answers lie."""
        return self.answer_keys_dir or self.state_dir / "keys"

    @cached_property
    def paper_key_path(self) -> Path:
        """Where the key of the extracts' QR lies."""
        return self.paper_key_file or self.state_dir / "keys" / "paper.pem"

    @cached_property
    def paper_seal_path(self) -> Path:
        """Where the seal of the extracts lies."""
        return self.paper_seal_file or self.state_dir / "keys" / "paper-seal.pem"

    @cached_property
    def metrics_dir(self) -> Path:
        """Where the processes of one service put their numbers, to be added up."""
        return self.state_dir / "metrics"

    @property
    def chain_heads_path(self) -> Path:
        """Where the last places of the chain of who looked are noted."""
        return self.state_dir / "audit" / "heads"
