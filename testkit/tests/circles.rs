//! Programs whose definitions lead back to themselves: every walk along names, bases, imports, routers
//! and calls must end. A walk that does not would overflow the stack and abort the process.

#![allow(clippy::unwrap_used)]

use std::fs;

use base::GapKind;
use engine::{Options, Session};

/// Name of the case, its files.
const CIRCLES: &[(&str, &[(&str, &str)])] = &[
    (
        "flask",
        &[(
            "app.py",
            "from flask import Flask\napp = Flask(__name__)\n\ndef guard(f):\n    def inner(*args, **kwargs):\n        return f(*args, **kwargs)\n    return inner\n\n\
             def view():\n    return 'x'\n\nview = guard(view)\nview = guard(guard(view))\napp.add_url_rule('/x', view_func=view)\n",
        )],
    ),
    (
        "express",
        &[
            (
                "app.js",
                "const express = require('express');\nlet app = express();\napp = app.get('/a', h).use('/b', app);\n\
                 let list = [list, more]; let more = [more, ...list];\nlet r = r.route('/x').get(list, r);\n\
                 r = r.get(r); app.use(more, app); app.use(r); r.use('/r', r);\nfunction h(req, res) { return h(req, res); }\n\
                 const o = { ...o, a: { ...o } }; const f = () => f()(f); f(o.a.a);\nmodule.exports = require('./other');\n",
            ),
            (
                "other.js",
                "export * from './app';\nexport { x } from './third';\nmodule.exports = require('./app');\n\
                 let t = t; t = t.t; t(t); t.get('/t', t);",
            ),
            (
                "third.js",
                "export { x } from './other';\nexport * from './other';\nimport { x as y } from './other'; y.get('/', y);",
            ),
        ],
    ),
    (
        "django",
        &[
            ("manage.py", ""),
            (
                "a/urls.py",
                "from django.urls import path, include\nfrom a.views import V, W\nurlpatterns = urlpatterns + [path('a/', include('a.urls')), path('b/', include('b.urls')), path('v/', V.as_view())]\n",
            ),
            (
                "b/urls.py",
                "from a.urls import urlpatterns\nfrom b.urls import *\nurlpatterns += [path('', include('a.urls'))]\n",
            ),
            (
                "a/views.py",
                "from a.views import *\nfrom b.urls import X as Y\nP = Q\nQ = P\nclass W(V):\n  permission_classes = P\n  def get(self, r): return self.get(r)\nclass V(W):\n  permission_classes = [P, *Q]\n  queryset = queryset\n  def get(self, r): return self.get(self.get)\n",
            ),
        ],
    ),
    (
        "fastapi",
        &[(
            "main.py",
            "from fastapi import FastAPI, APIRouter, Depends\nfrom main import *\nr = APIRouter(prefix='/r')\nr.include_router(r)\ns = APIRouter(dependencies=s)\ns.include_router(r)\nr.include_router(s)\napp = FastAPI()\napp.include_router(app)\napp.include_router(r)\ndef d(x=Depends(e)): return d(x)\ndef e(x=Depends(d)): return e(x)\n@r.get('/{id}')\ndef g(id: int, x=Depends(d), y=Depends(g)): return g(id)\nclass A(B): pass\nclass B(A):\n  b: 'B'\n@app.post('/b')\ndef b(b: B, d=d): return b.b.b.b\n",
        )],
    ),
    (
        "gin",
        &[
            ("go.mod", "module x\n\nrequire github.com/gin-gonic/gin v1.9.0\n"),
            (
                "main.go",
                "package main\nimport \"github.com/gin-gonic/gin\"\ntype A struct { *B }\ntype B struct { *A; r *gin.Engine }\nfunc main() {\n r := gin.Default()\n r = r.Use(r)\n g := g.Group(\"/g\")\n g = g.GET(\"/x\", h)\n register(r)\n}\nfunc register(r *gin.Engine) { r.GET(\"/\", h()); register(r); again(r) }\nfunc again(r *gin.Engine) { register(r.Group(\"/again\")); again(r) }\nfunc h() gin.HandlerFunc { return h() }\nfunc (a *A) R() *gin.Engine { return a.R() }\n",
            ),
        ],
    ),
    (
        "spring",
        &[
            ("pom.xml", "<project/>"),
            ("A.java", "package x;\n@B @RequestMapping(A.P) public @interface A { String P = B.P + A.P; }\n"),
            ("B.java", "package x;\n@A public @interface B { String P = A.P; }\n"),
            (
                "C.java",
                "package x;\nimport org.springframework.web.bind.annotation.*;\n@A public class C extends D implements I { @GetMapping(A.P) public C get(C c) { return get(get(c)); } C self = self; }\nclass D extends C { }\ninterface I extends J { @PostMapping(\"/i\") void i(); }\ninterface J extends I { }\n",
            ),
        ],
    ),
    (
        "actix",
        &[
            ("Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\nactix-web = \"4\"\n"),
            (
                "src/main.rs",
                "use actix_web::*;\nuse crate::again::*;\nmod again;\ntype A = B; type B = A;\nimpl A { fn n() -> A { A::n() } }\nfn c(cfg: &mut web::ServiceConfig) { let s = web::scope(\"/s\"); let s = s.service(s); cfg.service(s).configure(c); cfg.configure(again::c); }\n#[get(\"/\")]\nasync fn h() -> impl Responder { h().await }\nfn main() { let a = a.wrap(a); HttpServer::new(|| App::new().configure(c).service(h).service(services![services![h]])); }\n",
            ),
            (
                "src/again.rs",
                "pub use crate::*;\npub use super::again::*;\npub fn c(cfg: &mut web::ServiceConfig) { crate::c(cfg); c(cfg); cfg.configure(crate::c); }\n",
            ),
        ],
    ),
    (
        "aspnet",
        &[
            ("x.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.Web\"/>"),
            (
                "P.cs",
                "using Microsoft.AspNetCore.Mvc;\nvar app = WebApplication.Create();\nvar g = g.MapGroup(\"/g\");\ng = g.MapGroup(\"/h\").MapGroup(\"/i\");\ng.MapGet(\"/x\", H);\nE.Map(app); E.Map(g);\nstatic object H() => H();\npublic static class E { public static void Map(this IEndpointRouteBuilder app) { app.MapGroup(\"/e\").Map(); app.Map(); E.Map(app); app.MapGet(\"/\", () => E.Map); } }\n[Route(R)] public class A : B { const string R = S; const string S = R + S; [HttpGet(R)] public A G(A a) => G(G(a)); A P => P; }\npublic class B : A { }\n",
            ),
        ],
    ),
    (
        "rails",
        &[
            ("Gemfile", "gem 'rails'\n"),
            (
                "config/routes.rb",
                "Rails.application.routes.draw do\n  concern :a do\n    concerns :a\n    concerns :b\n    resources :x, concerns: :a\n  end\n  concern :b do\n    concerns :a\n  end\n  resources :x, concerns: [:a, :b]\n  draw :routes\n  mount X => '/x'\nend\n",
            ),
            (
                "app/controllers/x_controller.rb",
                "class XController < YController\n  include XController\n  before_action :a\n  def a; a; b; end\n  def index; @x = @x; x = x; render json: x; end\n  def show; show; end\nend\nclass YController < XController\n  def b; a; end\nend\n",
            ),
            (
                "app/models/x.rb",
                "module X\n  include X\n  extend Y\n  A = B\n  B = A\nend\nmodule Y\n  include X\nend\n",
            ),
        ],
    ),
];

#[test]
fn definitions_that_lead_back_to_themselves_end() {
    for (name, files) in CIRCLES {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in *files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut session = Session::open(dir.path(), Options { threads: 1, ..Options::default() }).unwrap();
        let review = session.review().unwrap();
        // a case that does not parse would show nothing
        let broken = |gap: &&base::Gap| matches!(gap.kind, GapKind::Internal | GapKind::Syntax);
        assert_eq!(review.gaps.iter().find(broken), None, "{name}");
        assert!(!review.summary.frameworks.is_empty(), "{name}");
    }
}
