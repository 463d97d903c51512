"""Login, token check, profile and refresh with rotation, as one writes them with FastAPI, SQLAlchemy and PyJWT.

durward is measured against it. It speaks those parts of durward's API that the measurement asks for, and does of
durward's work what such a service usually does: passwords are hashed with Argon2id, every request looks its session up,
a refresh token is used once, and what was acknowledged is on the disk.
"""

import hashlib
import os
import secrets
import uuid
from datetime import datetime, timedelta, timezone
from typing import Annotated, Iterator

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, JSON, create_engine, event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

SECRET = os.environ["SECRET"]
ISSUER, AUDIENCE = "http://localhost:8000", "bench"
ACCESS_TTL, REFRESH_TTL, SESSION_TTL = timedelta(hours=1), timedelta(days=7), timedelta(days=30)

# A request keeps its connection while it waits for a thread: with fewer connections than requests at once, those who wait for
# a connection would have the threads, and those who wait for a thread the connections.
engine = create_engine(
    f"sqlite:///{os.environ['DATABASE']}", connect_args={"timeout": 30}, pool_size=100, max_overflow=0
)
database = sessionmaker(engine, expire_on_commit=False)
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@event.listens_for(engine, "connect")
def durable(connection, _record) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    full_name: Mapped[str | None]
    role: Mapped[str] = mapped_column(default="user")
    status: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Profile(Base):
    __tablename__ = "profiles"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    mission_statement: Mapped[str | None]
    work_style_preferences: Mapped[dict] = mapped_column(JSON, default=dict)
    productivity_patterns: Mapped[dict] = mapped_column(JSON, default=dict)
    personal_goals: Mapped[dict] = mapped_column(JSON, default=dict)
    reflective_coach_summary: Mapped[str | None]


class LoginSession(Base):
    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    __tablename__ = "refresh_tokens"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Credentials(BaseModel):
    email: str
    password: str
    transport: str = "bearer"


class Refresh(BaseModel):
    refresh_token: str


class UserOut(BaseModel):
    id: int
    email: str
    full_name: str | None
    role: str
    status: str
    email_verified: bool = False
    tfa_enabled: bool = False
    created_at: datetime
    updated_at: datetime

    model_config = {"from_attributes": True}


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int
    user: UserOut


class Status(BaseModel):
    authenticated: bool
    user: UserOut | None = None
    session_id: str | None = None
    expires_at: datetime | None = None
    auth_methods: list[str] | None = None
    scopes: list[str] | None = None


class ProfileOut(BaseModel):
    mission_statement: str | None
    work_style_preferences: dict
    productivity_patterns: dict
    personal_goals: dict
    reflective_coach_summary: str | None

    model_config = {"from_attributes": True}


class ProfileAnswer(BaseModel):
    user: UserOut
    profile: ProfileOut


app = FastAPI()


def now() -> datetime:
    # SQLite keeps no time zone.
    return datetime.now(timezone.utc).replace(tzinfo=None)


def open_database() -> Iterator[Session]:
    with database() as session:
        yield session


Database = Annotated[Session, Depends(open_database)]


class Caller:
    """Who asks: a token that holds, and whose session lives."""

    def __init__(self, db: Database, authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise HTTPException(401, "token_missing")
        try:
            self.claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=ISSUER, audience=AUDIENCE)
        except jwt.InvalidTokenError as error:
            raise HTTPException(401, "token_invalid") from error
        found = db.execute(
            select(User, LoginSession)
            .join(LoginSession, LoginSession.user_id == User.id)
            .where(LoginSession.id == self.claims["sid"], LoginSession.ended_at.is_(None))
        ).one_or_none()
        if found is None or found.LoginSession.expires_at <= now() or found.User.status != "active":
            raise HTTPException(401, "token_revoked")
        self.user, self.session = found


def issue(db: Session, user: User, session: LoginSession) -> Tokens:
    """A new pair of tokens; it holds as soon as the caller commits."""
    at = datetime.now(timezone.utc)
    refresh = secrets.token_urlsafe(32)
    hashed = hashlib.sha256(refresh.encode()).digest()
    db.add(RefreshToken(hash=hashed, session_id=session.id, expires_at=now() + REFRESH_TTL))
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(user.id), "id": user.id, "email": user.email, "role": user.role,
        "scope": user.role, "sid": session.id, "jti": str(uuid.uuid4()), "iat": at, "nbf": at, "exp": at + ACCESS_TTL,
        "amr": ["pwd"],
    }
    return Tokens(
        access_token=jwt.encode(claims, SECRET, algorithm="HS256"),
        refresh_token=refresh,
        expires_in=int(ACCESS_TTL.total_seconds()),
        user=UserOut.model_validate(user),
    )


@app.get("/health/ready")
def ready() -> dict:
    return {"status": "ok"}


@app.post("/api/v1/auth/register", status_code=201)
def register(form: Credentials, db: Database) -> UserOut:
    hashed, at = hasher.hash(form.password), now()
    user = User(email=form.email.lower(), password_hash=hashed, full_name=None, created_at=at, updated_at=at)
    db.add(user)
    try:
        db.flush()
        db.add(Profile(user_id=user.id))
        db.commit()
    except IntegrityError as error:
        raise HTTPException(409, "email_taken") from error
    return UserOut.model_validate(user)


@app.post("/api/v1/auth/login")
def login(form: Credentials, db: Database) -> Tokens:
    user = db.scalar(select(User).where(User.email == form.email.lower()))
    if user is None or user.status != "active":
        raise HTTPException(401, "invalid_credentials")
    try:
        hasher.verify(user.password_hash, form.password)
    except VerifyMismatchError as error:
        raise HTTPException(401, "invalid_credentials") from error
    session = LoginSession(id=str(uuid.uuid4()), user_id=user.id, expires_at=now() + SESSION_TTL)
    db.add(session)
    db.flush()
    tokens = issue(db, user, session)
    db.commit()
    return tokens


@app.get("/api/v1/auth/status")
def status(me: Annotated[Caller, Depends()]) -> Status:
    return Status(
        authenticated=True,
        user=UserOut.model_validate(me.user),
        session_id=me.session.id,
        expires_at=datetime.fromtimestamp(me.claims["exp"], timezone.utc),
        auth_methods=me.claims["amr"],
        scopes=me.claims["scope"].split(),
    )


@app.get("/api/v1/profile")
def profile(me: Annotated[Caller, Depends()], db: Database) -> ProfileAnswer:
    found = db.get_one(Profile, me.user.id)
    return ProfileAnswer(user=UserOut.model_validate(me.user), profile=ProfileOut.model_validate(found))


@app.post("/api/v1/auth/refresh")
def refresh(form: Refresh, db: Database) -> Tokens:
    hashed, at = hashlib.sha256(form.refresh_token.encode()).digest(), now()
    # One guarded update decides: whoever comes second finds nothing.
    session_id = db.scalar(
        update(RefreshToken)
        .where(RefreshToken.hash == hashed, RefreshToken.used_at.is_(None), RefreshToken.expires_at > at)
        .values(used_at=at)
        .returning(RefreshToken.session_id)
    )
    if session_id is None:
        raise HTTPException(401, "token_revoked")
    session = db.get_one(LoginSession, session_id)
    if session.ended_at is not None or session.expires_at <= at:
        raise HTTPException(401, "token_revoked")
    tokens = issue(db, db.get_one(User, session.user_id), session)
    db.commit()
    return tokens


if __name__ == "__main__":
    # Before the workers are there, which would make the tables all at once.
    Base.metadata.create_all(engine)
