# Doorkeeper on Rails, over SQLite and by puma, on loopback: `ruby serve.rb documented|instant`. See ../README.md.
gem "doorkeeper", "5.5.0"
gem "activerecord", "6.1.7.10"
gem "sqlite3", "1.4.2"
gem "puma", "5.6.5"

require "erb"
require "tmpdir"
require "rails"
require "active_record/railtie"
require "active_record/connection_adapters/sqlite3_adapter"
require "action_controller/railtie"
require "doorkeeper"
require "puma"

CHOSEN = ARGV.fetch(0, "documented")
FOLDER = Dir.mktmpdir("race401-server-")
at_exit { FileUtils.remove_entry(FOLDER) }
trap("TERM") { exit }
ENV["DATABASE_URL"] = "sqlite3:#{FOLDER}/db.sqlite3?pool=32"
ENV["RAILS_ENV"] = "production"

# SQLite has no SELECT ... FOR UPDATE, by which Doorkeeper holds a token: so a transaction takes its lock when it begins,
# as in Rails 8 unless told (`default_transaction_mode`). Who waits for it lets the others run, as in sqlite3 2.0.
module Immediate
  def begin_db_transaction
    log("begin immediate transaction", nil) { @connection.transaction(:immediate) }
  end

  def configure_connection
    super
    @connection.busy_handler { sleep 0.001 }
  end
end
ActiveRecord::ConnectionAdapters::SQLite3Adapter.prepend(Immediate)

class Server < Rails::Application
  config.eager_load = false
  config.logger = Logger.new(nil)
  config.secret_key_base = "not a secret: loopback, and gone with the process"
  config.root = FOLDER
  config.hosts.clear
end

# its generators' files: config/initializers/doorkeeper.rb, with what it says to switch on for refresh tokens ...
Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator { nil } # signed in by /seed alone
  use_refresh_token
end

Server.initialize!

# ... and the migration. `instant`: "Comment out this line if you want refresh tokens to be instantly revoked after use"
migration = File.read(File.join(Gem.loaded_specs["doorkeeper"].full_gem_path,
                                "lib/generators/doorkeeper/templates/migration.rb.erb"))
migration.gsub!(/^ *t\.string +:previous_refresh_token/, '# \0') if CHOSEN == "instant"
eval(ERB.new(migration).result_with_hash(migration_version: "[6.1]")) # rubocop:disable Security/Eval
ActiveRecord::Migration.suppress_messages { CreateDoorkeeperTables.migrate(:up) }

class ApiController < ActionController::API
  before_action :doorkeeper_authorize!, only: :me

  # The API.
  def me
    render json: { name: "ada" }
  end

  # A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives.
  def seed
    token = Doorkeeper::AccessToken.create_for(
      application: Doorkeeper::Application.first, resource_owner: 1, scopes: "", use_refresh_token: true,
      expires_in: params.fetch(:expires_in, 7200).to_i,
    )
    render json: Doorkeeper::OAuth::TokenResponse.new(token).body.merge(client_id: "app")
  end

  # What its own tables say.
  def tables
    tokens = Doorkeeper::AccessToken.all
    render json: { refresh_tokens: tokens.count, live: tokens.where(revoked_at: nil).count }
  end
end

Server.routes.draw do
  use_doorkeeper
  get "me", to: "api#me"
  post "seed", to: "api#seed"
  get "tables", to: "api#tables"
end
Doorkeeper::Application.create!(name: "app", uid: "app", redirect_uri: "https://app.example.com/cb", confidential: false)

puma = Puma::Server.new(Server, Puma::Events.null, max_threads: 16)
port = puma.add_tcp_listener("127.0.0.1", 0).addr[1]
$stdout.puts "serving at http://127.0.0.1:#{port}"
$stdout.flush
puma.run.join
